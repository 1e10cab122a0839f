// The customer pages' operations, in the form openapi-typescript generates; `npm run generate` replaces this file.
import type { Read, Write } from "./operation";
import type * as t from "./types";

export interface paths {
  "/h5/api/code/{token}": { get: Read<t.Landing, { v?: string }, { token: string }> };
  "/h5/api/locate": {
    post: Write<
      { stores: t.NearStore[] },
      { token: string; visitor: string; lat: number; lng: number; coord_system: "wgs84" | "gcj02" }
    >;
  };
  "/h5/api/stores": { get: Read<{ cities: string[]; stores: t.NearStore[] }, { token?: string; q?: string; city?: string }> };
  "/h5/api/locate/choose": { post: Write<t.ChosenStore, { token: string; visitor: string; store_id: number }> };
}
