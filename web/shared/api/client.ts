// The one way the pages talk to the server: cookie session, the CSRF header on writes, an idempotency key on every
// POST, and one error class. It never retries by itself; a person pressing again after a broken connection sends
// the same key, so nothing happens twice.
import createClient, { type Client, type Middleware } from "openapi-fetch";

/** One finding inside a failed request, such as a wrong field of a form or of a plan's step. */
export interface ErrorDetail {
  field?: string;
  code: string;
  message?: string;
}

/** A failed request. `sentence` is the server's, in the reader's language, or empty; `status` 0 means that no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly sentence: string;
  readonly field?: string;
  readonly params: Record<string, unknown>;
  readonly details: ErrorDetail[];

  constructor(status: number, body: Partial<ErrorBody> = {}) {
    super(body.message || body.code || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code || codeOfStatus(status);
    this.sentence = body.message && body.message !== body.code ? body.message : "";
    this.field = body.field || undefined;
    this.params = body.params ?? {};
    this.details = body.details ?? [];
  }
}

interface ErrorBody {
  code: string;
  message: string;
  field: string;
  params: Record<string, unknown>;
  details: ErrorDetail[];
}

/** The family of a failure, for an answer that carries no code we have words for. */
export function codeOfStatus(status: number): string {
  if (status === 0) return "network";
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 409) return "conflict";
  if (status === 413) return "too_large";
  if (status === 429) return "too_many";
  if (status === 503 || status === 502 || status === 504) return "unavailable";
  return "internal";
}

export interface ClientOptions {
  /** Prefix before every path; empty when the paths are whole. */
  baseUrl?: string;
  /** The language of the server's sentences, read on each request. */
  language?: () => string;
  /** Called once per request that the server answered with 401. */
  onUnauthenticated?: (url: string) => void;
}

const readMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Makes a typed client for one audience's paths. */
export function makeClient<Paths extends {}>(options: ClientOptions = {}): Client<Paths> {
  const client = createClient<Paths>({
    baseUrl: options.baseUrl ?? "",
    credentials: "same-origin",
    // Looked up on every call, so that tests can replace it.
    fetch: (request) => globalThis.fetch(request),
  });
  client.use(headers(options), idempotency());
  return client;
}

function headers(options: ClientOptions): Middleware {
  return {
    onRequest({ request }) {
      if (!readMethods.has(request.method)) request.headers.set("X-Qunce", "1");
      if (options.language) request.headers.set("Accept-Language", options.language());
      return request;
    },
    onResponse({ response, request }) {
      if (response.status === 401) options.onUnauthenticated?.(request.url);
    },
  };
}

// A request whose outcome is unknown keeps its key until an answer is known.
function idempotency(): Middleware {
  const unsettled = new Map<string, string>();
  const keyOf = new WeakMap<Request, string>();
  return {
    async onRequest({ request }) {
      if (request.method !== "POST" || request.headers.has("Idempotency-Key")) return request;
      const type = request.headers.get("Content-Type") ?? "";
      const body = type.startsWith("multipart/") ? `file ${performance.now()}` : await request.clone().text();
      const what = `${request.url} ${body}`;
      const key = unsettled.get(what) ?? newKey();
      unsettled.set(what, key);
      request.headers.set("Idempotency-Key", key);
      keyOf.set(request, what);
      return request;
    },
    onResponse({ request, response }) {
      const what = keyOf.get(request);
      if (what && response.status < 500) unsettled.delete(what);
    },
  };
}

function newKey(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  // Plain http on a host other than localhost has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * A type as OpenAPI can promise it: the same fields, but an enum is any string, since the server may learn new values
 * before the pages do. A renamed or missing field still fails to compile.
 */
export type Promised<T> = T extends string
  ? string
  : T extends (infer Item)[]
    ? Promised<Item>[]
    : T extends object
      ? { [K in keyof T]: Promised<T[K]> }
      : T;

/** Unwraps an openapi-fetch answer as the noun T: the data, or a thrown ApiError. */
export async function unwrap<T = unknown>(
  call: Promise<{ data?: Promised<T>; error?: unknown; response: Response }>,
): Promise<T> {
  let result: { data?: unknown; error?: unknown; response: Response };
  try {
    result = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0);
  }
  if (!result.response.ok) {
    const body = typeof result.error === "object" && result.error !== null ? result.error : {};
    throw new ApiError(result.response.status, body as Partial<ErrorBody>);
  }
  return result.data as T;
}
