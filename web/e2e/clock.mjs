// The demo's clock from outside the pages: tests stop it to look, and run it to what they wait for.
import { randomUUID } from "node:crypto";

const day = 86_400_000;
const zone = 8 * 3_600_000;

export function clockOf(context) {
  const write = async (path, data) => {
    const reply = await context.request.post(path, {
      headers: { "X-Qunce": "1", "Idempotency-Key": randomUUID() },
      data,
      timeout: 120_000,
    });
    if (!reply.ok()) throw new Error(`${path}: ${reply.status()} ${await reply.text()}`);
    return reply.json();
  };
  const read = async (path) => {
    const reply = await context.request.get(path);
    if (!reply.ok()) throw new Error(`${path}: ${reply.status()} ${await reply.text()}`);
    return reply.json();
  };
  return {
    read,
    now: async () => new Date((await read("/api/clock")).now),
    play: (speed) => write("/api/clock", { playing: true, speed }),
    pause: () => write("/api/clock", { playing: false }),
    /** Runs to the next morning, which takes the server some seconds. */
    async nextDay() {
      const dayOf = async () => Math.floor((Date.parse((await read("/api/clock")).now) + zone) / day);
      const before = await dayOf();
      await write("/api/clock/next-day");
      await until("the next morning", async () => (await dayOf()) > before);
      await until("the clock's rest", () =>
        write("/api/clock", { playing: false }).catch((error) => {
          if (/clock\.busy/.test(error.message)) return null;
          throw error;
        }),
      );
    },
  };
}

/** Asks again and again until the answer is one; an answer that never comes is an error after `seconds`. */
export async function until(what, ask, seconds = 60) {
  for (let tries = 0; tries < seconds * 5; tries++) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
}
