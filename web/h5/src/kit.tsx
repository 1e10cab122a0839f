import type { ComponentChildren } from "preact";
import { t } from "./text";

export function Page({
  brand,
  title,
  hint,
  children,
}: {
  brand?: string;
  title: string;
  hint?: string;
  children: ComponentChildren;
}) {
  return (
    <main>
      <header>
        {brand && <p class="brand">{brand}</p>}
        <h1>{title}</h1>
        {hint && <p class="hint">{hint}</p>}
      </header>
      {children}
    </main>
  );
}

export function Waiting({ text = t("loading") }: { text?: string }) {
  return (
    <div class="waiting" role="status">
      <i class="spinner" />
      <p>{text}</p>
    </div>
  );
}

interface QrProps {
  /** The picture to show. */
  src: string;
  /** What the code says, for clients that read it without a camera. */
  content: string | null;
  caption: string;
}

/** A code to press and hold. It is an image on purpose: WeChat reads codes from images only. */
export function Qr({ src, content, caption }: QrProps) {
  return (
    <figure class="qr">
      <img src={src} alt={t("saved_alt")} data-qr={content ?? undefined} width="220" height="220" />
      <figcaption>
        <b>{t("press")}</b>
        <span>{caption}</span>
      </figcaption>
    </figure>
  );
}

/** Our own drawing of a code where there is one; else the address itself when it is a picture. */
export function pictureOf(qr: string | null | undefined, svg: string | null | undefined): string | null {
  if (svg) return svg;
  if (qr && (/^data:image\//.test(qr) || /\.(png|jpe?g|svg|gif)(\?|$)/i.test(qr) || /\/wwqr|qpic|qlogo/i.test(qr)))
    return qr;
  return null;
}

export function Privacy({ text }: { text: string }) {
  if (!text) return null;
  return (
    <footer>
      <b>{t("privacy")}</b> {text}
    </footer>
  );
}
