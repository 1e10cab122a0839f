// Helpers that spell an operation of a paths table in the form openapi-typescript generates.

type Params<Q, P> = { parameters: { query?: Q } & ([keyof P] extends [never] ? { path?: never } : { path: P }) };
type Ok<R> = { responses: { 200: { content: { "application/json": R } } } };

export type Read<R, Q = object, P = object> = Params<Q, P> & Ok<R>;
export type Write<R, B = object, P = object> = Params<object, P> & {
  requestBody?: { content: { "application/json": B } };
} & Ok<R>;
