// What surrounds every page: query cache, look, language of the kit.
import { ApiError } from "@shared/api/client";
import { QueryClient } from "@tanstack/react-query";
import { App, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import "dayjs/locale/zh-cn";
import { useTranslation } from "react-i18next";
import { theme } from "../kit/theme";

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        refetchOnWindowFocus: true,
        // An answer that says no will say no again; only silence and overload are worth a second try.
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
      },
    },
  });
}

export function Look({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation();
  const english = i18n.language === "en";
  dayjs.locale(english ? "en" : "zh-cn");
  return (
    <ConfigProvider
      locale={english ? enUS : zhCN}
      theme={theme}
      button={{ autoInsertSpace: false }}
      wave={{ disabled: true }}
    >
      <App style={{ height: "100%" }} message={{ maxCount: 2 }}>
        {children}
      </App>
    </ConfigProvider>
  );
}
