// A write: runs the call, tells the outcome in one line, and refreshes what it changed.
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useErrorText } from "./errors";

interface Options<V, R> {
  call: (variables: V) => Promise<R>;
  /** Said when it worked; nothing is said without it. */
  done?: string;
  /** Query keys to fetch again. */
  refresh?: QueryKey[];
  onDone?: (result: R, variables: V) => void;
  /** Forms show failures at their fields and want no message here. */
  quiet?: boolean;
}

export function useWrite<V = void, R = unknown>({ call, done, refresh = [], onDone, quiet }: Options<V, R>) {
  const client = useQueryClient();
  const { message } = App.useApp();
  const textOf = useErrorText();
  return useMutation({
    mutationFn: call,
    onSuccess: async (result, variables) => {
      await Promise.all(refresh.map((queryKey) => client.invalidateQueries({ queryKey })));
      if (done) void message.success(done);
      onDone?.(result, variables);
    },
    onError: (error) => {
      if (!quiet) void message.error(textOf(error));
    },
  });
}
