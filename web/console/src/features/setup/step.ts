// What every step of the wizard is given, and which steps are done.
import type { Setup, SetupStep } from "@shared/api/types";

export interface StepProps {
  setup: Setup;
  /** Leads to another step; what was saved is kept. */
  go: (step: SetupStep) => void;
}

/** Which steps are done, as far as that can be told: the others are there to be looked at. */
export function doneSteps(setup: Setup): Set<SetupStep> {
  const done = new Set<SetupStep>();
  if (setup.brand && setup.email && setup.has_password) done.add("brand");
  if (setup.app_name) done.add("corp");
  if (setup.knock.state === "ok") done.add("callback");
  return done;
}
