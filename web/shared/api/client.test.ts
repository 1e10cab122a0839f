import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, makeClient, unwrap } from "./client";
import type { paths } from "./console";

const seen: Request[] = [];
let answers: (() => Response | Promise<Response>)[] = [];

beforeEach(() => {
  seen.length = 0;
  answers = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    seen.push(request);
    const next = answers.shift();
    return next ? next() : Response.json({});
  });
});

const base = { baseUrl: "http://qunce.test" };

describe("client", () => {
  it("marks writes, and only writes", async () => {
    const client = makeClient<paths>(base);
    await unwrap(client.GET("/api/me"));
    await unwrap(client.PATCH("/api/users/{id}", { params: { path: { id: 7 } }, body: { disabled: true } }));
    expect(seen[0]?.headers.get("X-Qunce")).toBeNull();
    expect(seen[1]?.headers.get("X-Qunce")).toBe("1");
    expect(seen[1]?.url).toBe("http://qunce.test/api/users/7");
  });

  it("repeats the key after an unknown outcome and renews it after an answer", async () => {
    const client = makeClient<paths>(base);
    const post = () => unwrap(client.POST("/api/tasks/{id}/remind", { params: { path: { id: 1 } } }));
    answers = [
      () => {
        throw new TypeError("connection reset");
      },
      () => Response.json({ code: "unavailable" }, { status: 503 }),
      () => Response.json({}),
      () => Response.json({}),
    ];
    await expect(post()).rejects.toMatchObject({ status: 0, code: "network" });
    await expect(post()).rejects.toMatchObject({ status: 503 });
    await post();
    await post();
    const keys = seen.map((r) => r.headers.get("Idempotency-Key"));
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).toBe(keys[0]);
    expect(keys[3]).not.toBe(keys[0]);
  });

  it("turns the error envelope into an ApiError", async () => {
    const client = makeClient<paths>(base);
    answers = [
      () => Response.json({ code: "store.duplicate_number", field: "number", message: "重复" }, { status: 409 }),
    ];
    const error = await unwrap(client.GET("/api/me")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 409, code: "store.duplicate_number", field: "number" });
  });

  it("survives an answer that is not JSON", async () => {
    const client = makeClient<paths>(base);
    answers = [() => new Response("<html>bad gateway</html>", { status: 502 })];
    await expect(unwrap(client.GET("/api/me"))).rejects.toMatchObject({ status: 502, code: "unavailable" });
  });

  it("reports a lost session", async () => {
    const onUnauthenticated = vi.fn();
    const client = makeClient<paths>({ ...base, onUnauthenticated });
    answers = [() => Response.json({}, { status: 401 })];
    await expect(unwrap(client.GET("/api/me"))).rejects.toMatchObject({ code: "unauthenticated" });
    expect(onUnauthenticated).toHaveBeenCalledOnce();
  });
});
