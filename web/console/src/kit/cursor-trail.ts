// A keyset cursor only leads forward, so the way back is remembered page by page. After a reload or on a shared link
// the way is unknown, and "previous" leads to the first page, which always exists.
import type { TableSearch } from "../lib/search";

export class CursorTrail {
  private readonly cursors = new Map<number, string | undefined>();

  /** Remembers where `page` began. */
  visit(page: number, cursor: string | undefined): void {
    this.cursors.set(page, cursor);
  }

  /** The search that shows the page before `page`. */
  before(page: number): TableSearch {
    const previous = page - 1;
    if (previous > 1 && this.cursors.has(previous)) return { cursor: this.cursors.get(previous), page: previous };
    return { cursor: undefined, page: undefined };
  }
}
