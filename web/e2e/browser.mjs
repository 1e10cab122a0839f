// A browser whose pages must behave: whatever a page says on its console as an error, throws, or gets from the server as
// a failure of the server is kept, and fails the flow that caused it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const out = join(import.meta.dirname, "out");

// A refusal the page handles is no error of the page, though the browser reports it as one.
const handled = /^Failed to load resource: the server responded with a status of 4\d\d/;

export async function openBrowser() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return browser;
}

/** A window of its own with its complaints. */
export async function openWindow(browser, base, { width = 1440, height = 900, storageState } = {}) {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width, height },
    locale: "zh-CN",
    timezoneId: "Asia/Shanghai",
    storageState,
  });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const complaints = [];
  context.on("console", (message) => {
    if (message.type() === "error" && !handled.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  context.on("weberror", (error) => complaints.push(`page error: ${error.error().stack ?? error.error()}`));
  context.on("response", (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()} ${response.url()}`);
  });
  return { context, page, complaints };
}

/** Runs a flow; on failure keeps what the window showed, and says what it complained about. */
export async function walk(name, window, flow) {
  const { page, complaints } = window;
  const before = complaints.length;
  try {
    await flow(page);
    if (complaints.length > before) throw new Error(`the page complained:\n${complaints.slice(before).join("\n")}`);
  } catch (error) {
    mkdirSync(out, { recursive: true });
    const file = join(out, `${name}.png`);
    await page.screenshot({ path: file }).catch(() => undefined);
    error.message += `\nat ${page.url()}, see ${file}`;
    if (complaints.length > before) error.message += `\n${complaints.slice(before).join("\n")}`;
    throw error;
  }
}
