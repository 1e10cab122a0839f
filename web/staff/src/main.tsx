import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ConfigProvider, unstableSetRender } from "antd-mobile";
import enUS from "antd-mobile/es/locales/en-US";
import zhCN from "antd-mobile/es/locales/zh-CN";
import { StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { isPassing } from "./api";
import { Frame } from "./frame";
import { language } from "./text";
import "./staff.css";

// Toasts and dialogs called from code need the root API of this React.
type Mount = (Element | DocumentFragment) & { _root?: Root };
unstableSetRender((node, container: Mount) => {
  container._root ??= createRoot(container);
  container._root.render(node);
  return async () => {
    await new Promise((done) => setTimeout(done, 0));
    container._root?.unmount();
  };
});

const client = new QueryClient({
  defaultOptions: { queries: { staleTime: 5000, retry: (failures, error) => failures < 2 && isPassing(error) } },
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <ConfigProvider locale={language === "en" ? enUS : zhCN}>
        <Frame />
      </ConfigProvider>
    </QueryClientProvider>
  </StrictMode>,
);
