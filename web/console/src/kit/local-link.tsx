import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** A link to an address of the console as the server writes it, query and all; anything else is only text. */
export function LocalLink({ href, children }: { href: string; children: ReactNode }) {
  const navigate = useNavigate();
  if (!/^\/(?![/\\])/.test(href)) return <>{children}</>;
  return (
    <a
      href={href}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        void navigate({ href });
      }}
    >
      {children}
    </a>
  );
}
