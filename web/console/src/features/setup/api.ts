import { unwrap } from "@shared/api/client";
import type { CallbackKeys, Findings, ProofFile, SettingsChange, Setup, WeComSettings } from "@shared/api/types";
import { queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => unwrap<Setup>(api.GET("/api/setup")),
  staleTime: 0,
});

export const enterSetup = (token: string) => unwrap<Setup>(api.POST("/api/setup/enter", { body: { token } }));

export interface BrandValues {
  brand: string;
  owner_name: string;
  email: string;
  password?: string;
}

export const saveBrand = (body: BrandValues) => unwrap<Setup>(api.PUT("/api/setup/brand", { body }));

export interface CorpValues {
  corp_id: string;
  agent_id: number;
  secret?: string;
  wecom_base_url?: string;
  authorize_url?: string;
}

export const saveCorp = (body: CorpValues) => unwrap<Findings>(api.PUT("/api/setup/corp", { body }));

export interface AddressValues {
  public_url: string;
  callback_token?: string;
  encoding_aes_key?: string;
  renew?: boolean;
}

export const saveAddress = (body: AddressValues) => unwrap<Setup>(api.PUT("/api/setup/address", { body }));

export const saveSetupFile = ({ name, text }: ProofFile) =>
  unwrap<Setup>(api.PUT("/api/setup/files/{name}", { params: { path: { name } }, body: { text } }));

export const checkSetup = (ids: string[]) => unwrap<Findings>(api.POST("/api/setup/check", { body: { ids } }));

export const finishSetup = (accept: string[]) => unwrap(api.POST("/api/setup/finish", { body: { accept } }));

export const settingsQuery = queryOptions({
  queryKey: ["system", "wecom"],
  queryFn: () => unwrap<WeComSettings>(api.GET("/api/system/wecom")),
});

export const keysQuery = queryOptions({
  queryKey: ["system", "wecom", "callback"],
  queryFn: () => unwrap<CallbackKeys>(api.GET("/api/system/wecom/callback")),
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
});

export const setApp = (body: { agent_id: number; secret?: string }) =>
  unwrap<SettingsChange>(api.PUT("/api/system/wecom/app", { body }));

export const setSecret = ({ which, secret }: { which: "contacts" | "archive"; secret: string }) =>
  unwrap<SettingsChange>(
    api.PUT("/api/system/wecom/secrets/{which}", { params: { path: { which } }, body: { secret } }),
  );

export const setAddress = (body: { public_url: string; accept?: boolean }) =>
  unwrap<SettingsChange>(api.PUT("/api/system/wecom/address", { body }));

export const setBrand = (brand: string) => unwrap(api.PUT("/api/system/wecom/brand", { body: { brand } }));

export const setFile = ({ name, text }: ProofFile) =>
  unwrap(api.PUT("/api/system/wecom/files/{name}", { params: { path: { name } }, body: { text } }));

export const rotateKeys = () => unwrap(api.POST("/api/system/wecom/callback", { body: {} }));

export const keepKeys = () => unwrap(api.DELETE("/api/system/wecom/callback"));
