// The real binary as an administrator starts it: `qunce serve` on an empty folder, and `qunce sim` as its WeCom.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { resolve } from "node:path";

const binary = resolve(import.meta.dirname, "..", process.env.QUNCE_BIN ?? "../bin/qunce");

export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Starts a command and waits until what it says holds a match; keeps all it says. */
async function start(args, pattern, seconds = 90) {
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise((done) => child.once("exit", (code, signal) => done({ code, signal })));
  const found = await new Promise((done, fail) => {
    const timer = setTimeout(
      () => fail(new Error(`${args[0]} is not ready after ${seconds} s:\n${said}`)),
      seconds * 1000,
    );
    const hear = (chunk) => {
      said += chunk;
      const match = said.match(pattern);
      if (match) {
        clearTimeout(timer);
        done(match);
      }
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", fail);
    ended.then(({ code }) => fail(new Error(`${args[0]} ended with ${code}:\n${said}`)));
  });
  return {
    found,
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

/** A server on a folder; `link` is the setup link that it prints on an empty one. */
export async function startServer(folder, port) {
  const listen = `127.0.0.1:${port}`;
  const args = ["serve", "--data", folder, "--listen", listen, "--log-level", "error"];
  const server = await start(args, /(http:\S+\/setup#\S+)|callback URL: (http:\S+)/);
  return { ...server, base: `http://${listen}`, link: server.found[1] };
}

/** A sandbox WeCom; what it prints is how to reach it. */
export async function startSandbox(folder) {
  const args = ["sim", "--listen", "127.0.0.1:0", "--data", folder, "--json", "--no-fsync"];
  const sim = await start(args, /^\{.*\}$/m);
  const keys = JSON.parse(sim.found[0]);
  /** What an administrator does in WeCom's console: saves the callback's settings, which WeCom tests at once. */
  const saveCallback = async (url, token, encoding_aes_key) => {
    const reply = await fetch(`${keys.base_url}/sim/callback`, {
      method: "POST",
      body: JSON.stringify({ url, token, encoding_aes_key }),
    });
    return reply.json();
  };
  return { ...sim, ...keys, saveCallback };
}
