import { unwrap } from "@shared/api/client";
import type { DoctorReport } from "@shared/api/types";
import { queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";

export const doctorQuery = queryOptions({
  queryKey: ["system", "doctor"],
  queryFn: () => unwrap<DoctorReport>(api.GET("/api/system/doctor")),
  refetchInterval: 60_000,
});

export const runDoctor = () => unwrap<DoctorReport>(api.POST("/api/system/doctor"));
