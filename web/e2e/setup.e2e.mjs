// The first hour of whoever installs it, in a real browser on the real binary: from the link that the terminal prints
// through the six steps to a console whose doctor is not red, with a sandbox WeCom. The flows build on each other.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, openWindow, walk } from "./browser.mjs";
import { until } from "./clock.mjs";
import { freePort, startSandbox, startServer } from "./server.mjs";

const email = "owner@qunce.example";
const password = "e2e-Passw0rd-2026";
const shots = process.env.QUNCE_TEST_SHOTS; // a folder for pictures of every step

describe("the first run", { timeout: 170_000 }, () => {
  let folder;
  let server;
  let port;
  let sandbox;
  let browser;
  let window;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "qunce-setup-"));
    port = await freePort();
    [server, sandbox, browser] = await Promise.all([
      startServer(join(folder, "data"), port),
      startSandbox(join(folder, "sim")),
      openBrowser(),
    ]);
    window = await openWindow(browser, server.base, { width: 1280, height: 900 });
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    await sandbox?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const shoot = async (page, name) => {
    if (!shots) return;
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  };
  const step = (page, name) => page.getByRole("heading", { name, level: 1 }).waitFor();

  it("offers nothing without the link", () =>
    walk("setup-closed-door", window, async (page) => {
      await page.goto("/customers");
      await page.waitForURL("**/setup");
      await page.getByText("请用设置链接打开").waitFor();
      await shoot(page, "0-no-link");
      await page.goto("/setup#wrong-token-wrong-token-wrong-token-wrong-tok");
      await page.reload();
      await page.getByText("这条链接用不了").waitFor();
    }));

  it("asks for the brand and its owner", () =>
    walk("setup-brand", window, async (page) => {
      assert.ok(server.link, server.output());
      await page.goto("about:blank");
      await page.goto(server.link);
      await step(page, "1 · 品牌与账号");
      assert.ok(!page.url().includes("#"), "the token stays in the address");
      await page.getByLabel("品牌名称").fill("禾光茶饮");
      await page.getByLabel("您的姓名").fill("张三");
      await page.getByLabel("邮箱（登录用）").fill(email);
      await page.getByLabel("密码").fill("password12");
      await page.getByRole("button", { name: "保存，下一步" }).click();
      await page.getByText("太常见").or(page.getByText("容易被猜到")).first().waitFor();
      await shoot(page, "1-brand");
      await page.getByLabel("密码").fill(password);
      await page.getByRole("button", { name: "保存，下一步" }).click();
      await step(page, "2 · 企业微信应用");
    }));

  it("tests the app at once", () =>
    walk("setup-corp", window, async (page) => {
      await page.getByLabel("企业 ID").fill(sandbox.corp_id);
      await page.getByLabel("AgentId").fill(String(sandbox.agent_id));
      await page.getByLabel("Secret").fill("not-the-secret");
      await page.getByText("高级：沙箱或代理").click();
      await page.getByLabel("企业微信接口地址").fill(sandbox.base_url);
      await page.getByLabel("网页授权地址").fill(sandbox.base_url);
      await page.getByRole("button", { name: "保存并测试" }).click();
      await page.locator('[data-check="secret"][data-state="fail"]').waitFor();
      await shoot(page, "2-corp-wrong");
      await page.getByLabel("Secret").fill(sandbox.secret);
      await page.getByRole("button", { name: "保存并测试" }).click();
      await page.locator('[data-check="agent"][data-state="ok"]').waitFor();
      await shoot(page, "2-corp");
      // Whoever leaves finds it again, and the secret is not shown.
      await page.reload();
      await step(page, "2 · 企业微信应用");
      assert.equal(await page.getByLabel("企业 ID").inputValue(), sandbox.corp_id);
      assert.equal(await page.getByLabel("Secret").inputValue(), "");
      await page.getByRole("button", { name: "下一步" }).click();
      await step(page, "3 · 接收消息");
    }));

  it("waits for WeCom's test of the callback", () =>
    walk("setup-callback", window, async (page) => {
      await page.getByRole("button", { name: "保存地址，生成 Token 和密钥" }).click();
      await page.getByText("等待企业微信验证…").waitFor();
      await page.locator('[data-check="callback_url"][data-state="ok"]').waitFor();
      await shoot(page, "3-callback-waiting");
      const value = (label) => page.getByLabel(label, { exact: true }).inputValue();
      const [url, token, key] = [await value("URL"), await value("Token"), await value("EncodingAESKey")];
      assert.equal(url, `${server.base}/callback/corp_${sandbox.corp_id.toLowerCase()}`);
      const wrong = await sandbox.saveCallback(url, "wrongTOKEN", key);
      assert.equal(wrong.saved, false, JSON.stringify(wrong));
      await page.getByText("有人来验证过，但没有通过").waitFor();
      const right = await sandbox.saveCallback(url, token, key);
      assert.equal(right.saved, true, JSON.stringify(right));
      await page.getByText("企业微信验证通过").waitFor();
      await shoot(page, "3-callback");
      await page.getByRole("button", { name: "下一步" }).click();
    }));

  it("looks at permissions, and serves the proof file", () =>
    walk("setup-contact", window, async (page) => {
      await step(page, "4 · 客户联系");
      for (const id of ["whitelist", "range", "seats", "trusted_ip"])
        await page.locator(`[data-check="${id}"][data-state="ok"]`).waitFor();
      await shoot(page, "4-contact");
      await page.getByRole("button", { name: "下一步" }).click();
      await step(page, "5 · 域名");
      await page
        .locator("input[type=file]")
        .setInputFiles({ name: "WW_verify_e2e123.txt", mimeType: "text/plain", buffer: Buffer.from("e2e123\n") });
      await page.getByText("WW_verify_e2e123.txt").waitFor();
      const file = await page.request.get("/WW_verify_e2e123.txt");
      assert.equal(await file.text(), "e2e123");
      await page.locator('[data-check="public_url"][data-state="ok"]').waitFor();
      await shoot(page, "5-domain");
      await page.getByRole("button", { name: "下一步" }).click();
    }));

  it("ends with the doctor and goes on as the console, without a restart", () =>
    walk("setup-finish", window, async (page) => {
      await step(page, "6 · 体检");
      await page.locator('[data-check="database"]').waitFor();
      await shoot(page, "6-health");
      assert.equal(await page.locator('[data-state="fail"]').count(), 0, await page.locator(".checks").allInnerTexts());
      await page.getByRole("button", { name: "完成，进入控制台" }).click();
      await page.getByText("扫码人次").first().waitFor();
      await page.getByText("禾光茶饮").first().waitFor();
      await page.goto("/system/sync");
      await until("the first sync", async () => {
        const reply = await page.request.get("/api/system/sync");
        const { items } = await reply.json();
        return items.length === 1 && items[0].state === "done";
      });
      await page.goto("/groups");
      await page.locator("tbody tr.ant-table-row").first().waitFor();
    }));

  it("examines again in the console", () =>
    walk("doctor", window, async (page) => {
      await page.goto("/");
      await page.getByRole("link", { name: "体检" }).click();
      await page.getByRole("button", { name: "重新检查" }).first().click();
      await page.locator('[data-check="worker"][data-state="ok"]').waitFor();
      assert.equal(await page.locator('[data-state="fail"]').count(), 0);
      await page.getByText("上次检查").waitFor();
      await shoot(page, "7-doctor");
    }));

  it("changes the connection, tested first", () =>
    walk("wecom-settings", window, async (page) => {
      await page.getByRole("link", { name: "企业微信设置" }).click();
      await page.getByLabel("Secret", { exact: true }).fill("not-the-secret");
      await page.getByRole("button", { name: "测试并保存" }).first().click();
      await page.getByText("没有保存：测试没有通过").waitFor();
      await page.locator('[data-check="secret"][data-state="fail"]').waitFor();
      await page.getByRole("button", { name: "更换 Token 和密钥" }).click();
      await page.getByRole("button", { name: "重新生成" }).click();
      await page.getByText("新的 Token 和密钥等着用").waitFor();
      await shoot(page, "8-settings");
      const value = (label) => page.getByLabel(label, { exact: true }).inputValue();
      const [url, token, key] = [await value("URL"), await value("Token"), await value("EncodingAESKey")];
      const saved = await until("the next keys", async () => {
        const reply = await sandbox.saveCallback(url, token, key);
        return reply.saved && reply;
      });
      assert.ok(saved);
      await page.getByText("新的 Token 和密钥等着用").waitFor({ state: "detached", timeout: 60_000 });
    }));

  it("is closed for ever", async () => {
    const stranger = await openWindow(browser, server.base);
    await walk("setup-closed", stranger, async (page) => {
      await page.goto(server.link);
      await page.getByText("已经设置好了").waitFor();
      await page.getByRole("link", { name: "去登录" }).click();
      await page.locator("input[type=email]").fill(email);
      await page.locator("input[type=password]").fill(password);
      await page.getByRole("button", { name: "登录", exact: true }).click();
      await page.getByText("扫码人次").first().waitFor();
    });
    await server.stop();
    server = await startServer(join(folder, "data"), port);
    assert.equal(server.link, undefined, "a second start offers the setup again");
  });
});
