import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/** Reads again and again while it is on the page; `key` names what is read, and a new one starts afresh. */
export function usePoll<T>(key: string, read: () => Promise<T>, everyMs = 1500) {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown }>({ key });
  const reader = useRef(read);
  reader.current = read;
  const turn = useRef(0);

  const refresh = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const data = await reader.current();
      if (mine === turn.current) setState({ key, data });
    } catch (error) {
      if (mine === turn.current) setState((was) => ({ key, data: was.key === key ? was.data : undefined, error }));
    }
  }, [key]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let stopped = false;
    const loop = async () => {
      if (!document.hidden) await refresh();
      if (!stopped) timer = setTimeout(loop, everyMs);
    };
    void loop();
    return () => {
      stopped = true;
      turn.current++;
      clearTimeout(timer);
    };
  }, [refresh, everyMs]);

  return {
    data: state.key === key ? state.data : undefined,
    error: state.key === key ? state.error : undefined,
    refresh,
  };
}
