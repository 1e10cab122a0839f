// The real binary on a small demo of its own: a free port, a folder of its own, stopped as a person would stop it.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { resolve } from "node:path";

const binary = resolve(import.meta.dirname, "..", process.env.QUNCE_BIN ?? "../bin/qunce");

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Starts the demo in a folder and waits until it says where it is. Returns its address, sign-in link, and how to stop it. */
export async function startDemo(folder) {
  const listen = `127.0.0.1:${await freePort()}`;
  const args = ["demo", "--chain-stores", "3", "--people", "400", "--data", folder, "--listen", listen, "--no-fsync"];
  const child = spawn(binary, [...args, "--log", "error"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise((done) => child.once("exit", (code, signal) => done({ code, signal })));
  const link = await new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`the demo is not ready after 90 s:\n${said}`)), 90_000);
    const hear = (chunk) => {
      said += chunk;
      const found = said.match(/http:\S+\/signin\?token=\S+/);
      if (found && said.includes("Ctrl+C")) {
        clearTimeout(timer);
        done(found[0]);
      }
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", fail);
    ended.then(({ code }) => fail(new Error(`the demo ended with ${code}:\n${said}`)));
  });
  return {
    base: `http://${listen}`,
    link,
    output: () => said,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
      const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
      const end = await ended;
      clearTimeout(late);
      return end;
    },
  };
}
