// A newcomer's hour with the product, in a real browser on the real binary: sign in, be a customer on the phone, find the
// same customer in the console, follow codes and the board down to one person, import a bad file, be the staff who
// confirms a send, and come back after a restart. The flows build on each other and run in this order.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, openWindow, walk } from "./browser.mjs";
import { clockOf, until } from "./clock.mjs";
import { startDemo } from "./demo.mjs";

const email = "owner@qunce.example";
const password = "e2e-Passw0rd-2026";

describe("the demo", { timeout: 170_000 }, () => {
  let folder;
  let demo;
  let browser;
  let office; // the console's window
  let phone;
  let clock;
  let customer;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "qunce-e2e-"));
    [demo, browser] = await Promise.all([startDemo(folder), openBrowser()]);
    office = await openWindow(browser, demo.base);
    clock = clockOf(office.context);
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it("signs in by the link and asks for a password before anything else", () =>
    walk("sign-in", office, async (page) => {
      await page.goto(demo.link);
      await page.waitForURL("**/password");
      await page.goto("/codes");
      await page.waitForURL("**/password");
      const fields = page.locator("input[type=password]");
      await fields.nth(0).fill(password);
      await fields.nth(1).fill("something else");
      await page.getByRole("button", { name: "保存密码" }).click();
      await page.getByText("两次输入不一致").waitFor();
      await fields.nth(1).fill(password);
      await page.getByRole("button", { name: "保存密码" }).click();
      await page.getByText("扫码人次").first().waitFor();
      assert.equal(await page.title(), "今日 · 群策");
      assert.equal(await page.locator(".tile").count(), 10);
      await clock.pause();
    }));

  it("lets a newcomer scan, be welcomed and join on the phone", async () => {
    phone = await openWindow(browser, demo.base, {
      width: 900,
      storageState: await office.context.storageState(),
    });
    await walk("phone-customer", phone, async (page) => {
      await page.goto("/phone/");
      const row = page.locator(".people li a").first();
      await row.getByText("还没接触过门店").waitFor();
      customer = (await row.locator("b").innerText()).trim();
      await row.click();
      await page.getByRole("button", { name: "扫一扫" }).click();
      await page.locator(".codes button").filter({ hasText: "找附近门店" }).click();
      const web = page.frameLocator("iframe.web");
      await web.getByRole("button", { name: "使用我的位置" }).click();
      await web.getByText("选这家").first().click();

      const take = async (n, button) => {
        await web.locator("img[data-qr]").nth(n).click();
        await page.getByRole("button", { name: "识别图中的二维码" }).click();
        await page.getByRole("button", { name: button, exact: true }).click();
      };
      await take(0, "添加");
      const welcome = page.locator(".bubble").filter({ hasText: customer });
      await welcome.first().waitFor();
      await page.locator(".card-link").first().click();
      await take(0, "加入");
      await page.getByText(`${customer} 加入了群聊`).last().waitFor();
      await page.getByPlaceholder("说点什么").fill("大家好，有什么新品");
      await page.getByRole("button", { name: "发送" }).click();
      await page.locator(".message.is-mine").filter({ hasText: "有什么新品" }).waitFor();
      await page.locator(".guide li.is-done").filter({ hasText: "进最近门店的群" }).waitFor();
    });
  });

  it("shows the same customer in the console, with all that happened", () =>
    walk("customer", office, async (page) => {
      await page.getByRole("link", { name: "客户", exact: true }).click();
      await page.getByPlaceholder("姓名、会员号、手机号").fill(customer);
      await page.getByRole("link", { name: customer }).first().click();
      for (const line of ["入群", "收到欢迎语", "打上标签", "添加好友"])
        await page.locator(".timeline-item").getByText(line).first().waitFor();
      const told = (await page.locator(".timeline-item").allInnerTexts()).join(" ");
      assert.doesNotMatch(told, /\b[a-z]+[._][a-z_]+/, "a kind without words");
    }));

  it("tells what came of the callback that brought them", () =>
    walk("callback", office, async (page) => {
      await page.goto("/system/callbacks");
      await page.getByPlaceholder("客户、群、员工的名字或 ID").fill(customer);
      await page.getByText(`“${customer}”：`).waitFor();
      await page.getByRole("row").filter({ hasText: "有人入群" }).waitFor();
      await page.getByRole("row").filter({ hasText: "添加好友" }).last().locator("td").first().click();
      const story = page.locator(".ant-drawer");
      await story.getByText("发欢迎语：已发出").waitFor();
      await story.getByText("归因：这次添加归到").first().waitFor();
      await story.getByText("解密后的原文").waitFor();
      assert.match(await story.locator("pre").innerText(), /<ChangeType><!\[CDATA\[add_(half_)?external_contact/);
      await story.getByRole("button", { name: "重新处理" }).click();
      await page.getByText("可以放心重新处理").waitFor();
      await page.locator(".ant-modal-confirm-btns .ant-btn-primary").click();
      await page.getByText("已重新排队").waitFor();
      await page.goto("/system/callbacks");
    }));

  it("follows a code from scans to joins", () =>
    walk("codes", office, async (page) => {
      await page.getByRole("link", { name: "活码", exact: true }).click();
      await page.getByRole("link", { name: "找附近门店" }).click();
      await page.getByText("转化漏斗").waitFor();
      const scans = Number(await page.locator(".funnel-step b").first().innerText());
      assert.ok(scans >= 1, `${scans} scans of the code that was scanned by hand`);
      await page.goto("/codes");
      await page
        .getByRole("link", { name: /加好友$/ })
        .first()
        .click();
      await page.locator(".funnel-step").nth(3).waitFor();
      assert.equal(await page.locator(".funnel-step").count(), 4);
      await page.goto("/codes?status=failed");
      await page.getByText("没有符合条件的").waitFor();
    }));

  it("says which rows of a bad file are wrong, and why", () =>
    walk("import", office, async (page) => {
      await page.getByRole("link", { name: "门店", exact: true }).click();
      await page.getByRole("button", { name: "导入门店" }).click();
      const file =
        "门店编号,门店名称,省,市,区,地址,经度,纬度\nX1,好店,广东省,广州市,天河区,天河路1号,113.33,23.14\nX2,,广东省,广州市,天河区,天河路2号,113.33,23.14\nX3,远店,广东省,广州市,天河区,天河路3号,993.33,23.14\n";
      await page
        .locator("input[type=file]")
        .setInputFiles({ name: "坏门店.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
      await page.locator("#source").fill("自动测试");
      await page.getByRole("button", { name: "开始导入" }).click();
      await page.getByText("坏门店.csv").last().waitFor();
      const problems = page.locator(".ant-drawer tbody tr.ant-table-row, .ant-modal tbody tr.ant-table-row");
      await problems.first().waitFor();
      const said = await problems.allInnerTexts();
      for (const row of ["3", "4"])
        assert.ok(
          said.some((text) => text.trim().startsWith(row)),
          `nothing about row ${row}: ${said.join(" / ")}`,
        );
      assert.doesNotMatch(said.join(" "), /store\.[a-z_]+/, "a bare code instead of a sentence");
      await page.keyboard.press("Escape");
    }));

  it("has the staff confirm a send on the phone", async () => {
    // Sends to groups are on Mondays, Wednesdays and Fridays at noon.
    // Simulated staff are quick: towards noon the clock goes slowly, and a noon that was missed is waited for again.
    const minute = (at) => at.getUTCHours() * 60 + at.getUTCMinutes();
    const local = async () => new Date((await clock.now()).getTime() + 8 * 3_600_000);
    const pending = async () => {
      const { items } = await clock.read("/phone/sim/api/people?kind=staff");
      return items.some((staff) => staff.tasks > 0);
    };
    let found = await pending();
    for (let days = 0; !found && days < 3; days++) {
      for (let at = await local(); ![1, 3, 5].includes(at.getUTCDay()) || minute(at) > 680; at = await local())
        await clock.nextDay();
      await clock.play(720);
      await until("the late morning", async () => minute(await local()) > 660);
      await clock.play(240);
      found = await until("a send, or the afternoon", async () => (await pending()) || minute(await local()) > 780);
      await clock.pause();
      found = await pending();
    }
    assert.ok(found, "no send waited for its staff");
    await walk("phone-staff", phone, async (page) => {
      await page.goto("/phone/");
      await page.getByRole("tab", { name: "员工" }).click();
      const row = page.locator(".people li a").filter({ hasText: "条待确认" });
      await row.first().click();
      await page.locator(".screen").getByText("工作台").click();
      const web = page.frameLocator("iframe.web");
      await web.getByText("到企业微信的“群发助手”里点一下发送即可").first().waitFor();
      await web.getByText("成绩").click();
      await web.getByText("SOP 执行率").waitFor();
      await page.getByRole("button", { name: "返回" }).click();
      await page.locator(".screen").getByText("群发助手").click();
      await page.getByRole("button", { name: "确认发送" }).first().click();
      await page.getByText(/已发送 [1-9]/).waitFor();
    });
  });

  it("drills the board down to a member of staff", () =>
    walk("board", office, async (page) => {
      await clock.nextDay();
      await page.getByRole("link", { name: "执行看板" }).click();
      await page.getByText("总部").first().waitFor();
      // The day that is over has everybody's numbers; a running one may not have begun.
      const yesterday = new Date((await clock.now()).getTime() - 16 * 3_600_000).toISOString().slice(0, 10);
      await page.goto(`/board?date=${yesterday}`);
      const open = async (level) => {
        await page.getByRole("columnheader", { name: level, exact: true }).waitFor();
        await page.locator("tbody tr.ant-table-row").first().locator("td").first().click();
      };
      await open("区域");
      await open("门店");
      await open("员工");
      await page.waitForURL("**/tasks?*staff_id=*");
      await page.locator("tbody tr.ant-table-row").first().waitFor();
    }));

  it("comes back where it was after a restart", async () => {
    const then = await clock.now();
    assert.equal((await demo.stop()).code, 0, demo.output());
    demo = await startDemo(folder);
    office = await openWindow(browser, demo.base);
    clock = clockOf(office.context);
    await walk("again", office, async (page) => {
      await page.goto("/signin");
      await page.getByLabel("邮箱").fill(email);
      await page.getByLabel("密码").fill(password);
      await page.getByRole("button", { name: "登录" }).click();
      await page.getByText("扫码人次").first().waitFor();
      assert.ok((await clock.now()) >= then, "the clock went back");
      await page.getByRole("link", { name: "客户", exact: true }).click();
      await page.getByPlaceholder("姓名、会员号、手机号").fill(customer);
      await page.getByRole("link", { name: customer }).first().waitFor();
    });
  });
});
