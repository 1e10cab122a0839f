import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Look, makeQueryClient } from "./app/providers";
import { makeRouter } from "./app/router";
import { onLanguageChange, startI18n } from "./i18n";
import "./kit/kit.css";

await startI18n();
const client = makeQueryClient();
const router = makeRouter(client);
// Sentences that the server wrote are asked for again in the new language.
onLanguageChange(() => void client.invalidateQueries());

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Look>
        <RouterProvider router={router} />
      </Look>
    </QueryClientProvider>
  </StrictMode>,
);
