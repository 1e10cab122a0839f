// The routes of the console. Pages load when they are opened; their URL state is checked by their schema here.

import { ApiError } from "@shared/api/client";
import type { Me } from "@shared/api/types";
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  useRouter,
} from "@tanstack/react-router";
import { Button } from "antd";
import { archiveSearch } from "../features/archive/search";
import { signInSearch } from "../features/auth/search";
import { customerSearch, customersSearch } from "../features/customer/search";
import { groupSearch, groupsSearch } from "../features/group/search";
import { importsSearch } from "../features/intake/search";
import { codesSearch } from "../features/livecode/search";
import { ordersSearch } from "../features/order/search";
import { setupSearch } from "../features/setup/search";
import { boardSearch, planSearch } from "../features/sop/search";
import { statisticsSearch } from "../features/statistic/search";
import { storesSearch } from "../features/store/search";
import { auditSearch, callbacksSearch, outboxSearch, syncSearch } from "../features/system/search";
import { tasksSearch } from "../features/task/search";
import { todaySearch } from "../features/today/search";
import { touchesSearch } from "../features/touch/search";
import { usersSearch } from "../features/user/search";
import { useT } from "../i18n";
import { EmptyState, ErrorState, LoadingState } from "../kit/states";
import { onSessionLost } from "../lib/api";
import { meQuery } from "../lib/session";
import { Layout } from "./layout";

interface Context {
  client: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound });

const signin = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import("../features/auth/sign-in-page"), "SignInPage"),
});

// The first run, before there is anybody to sign in.
const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: setupSearch,
  component: lazyRouteComponent(() => import("../features/setup/setup-page"), "SetupPage"),
});

// Everything behind sign-in knows who is signed in before it draws.
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Layout,
  beforeLoad: async ({ context, location }) => {
    let me: Me;
    try {
      me = await context.client.ensureQueryData(meQuery);
    } catch (error) {
      if (error instanceof ApiError && error.code === "setup.first") throw redirect({ to: "/setup", search: {} });
      if (error instanceof ApiError && error.status === 401) {
        throw redirect({ to: "/signin", search: location.href === "/" ? {} : { redirect: location.href } });
      }
      throw error;
    }
    // The server refuses everything else until it is set.
    if (me.must_set_password && location.pathname !== "/password") throw redirect({ to: "/password" });
  },
});

const under = () => inside;

// Addresses that notices and alerts use.
const alias = (path: string, to: string) =>
  createRoute({
    getParentRoute: under,
    path,
    beforeLoad: ({ search }) => {
      throw redirect({ to, search: search as never });
    },
  });

const children = [
  alias("/today", "/"),
  alias("/sop/board", "/board"),
  alias("/system/health", "/system/jobs"),
  createRoute({
    getParentRoute: under,
    path: "/",
    validateSearch: todaySearch,
    component: lazyRouteComponent(() => import("../features/today/today-page"), "TodayPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/password",
    component: lazyRouteComponent(() => import("../features/auth/password-page"), "PasswordPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/customers",
    validateSearch: customersSearch,
    component: lazyRouteComponent(() => import("../features/customer/list-page"), "CustomerListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/customers/$id",
    validateSearch: customerSearch,
    component: lazyRouteComponent(() => import("../features/customer/detail-page"), "CustomerDetailPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/groups",
    validateSearch: groupsSearch,
    component: lazyRouteComponent(() => import("../features/group/list-page"), "GroupListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/groups/$id",
    validateSearch: groupSearch,
    component: lazyRouteComponent(() => import("../features/group/detail-page"), "GroupDetailPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/codes",
    validateSearch: codesSearch,
    component: lazyRouteComponent(() => import("../features/livecode/list-page"), "CodeListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/codes/$id",
    component: lazyRouteComponent(() => import("../features/livecode/detail-page"), "CodeDetailPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/stores",
    validateSearch: storesSearch,
    component: lazyRouteComponent(() => import("../features/store/list-page"), "StoreListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/sop",
    component: lazyRouteComponent(() => import("../features/sop/list-page"), "PlanListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/sop/$id",
    validateSearch: planSearch,
    component: lazyRouteComponent(() => import("../features/sop/detail-page"), "PlanDetailPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/board",
    validateSearch: boardSearch,
    component: lazyRouteComponent(() => import("../features/sop/board-page"), "BoardPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/tasks",
    validateSearch: tasksSearch,
    component: lazyRouteComponent(() => import("../features/task/list-page"), "TaskListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/touches",
    validateSearch: touchesSearch,
    component: lazyRouteComponent(() => import("../features/touch/list-page"), "TouchListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/archive",
    validateSearch: archiveSearch,
    component: lazyRouteComponent(() => import("../features/archive/archive-page"), "ArchivePage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/orders",
    validateSearch: ordersSearch,
    component: lazyRouteComponent(() => import("../features/order/list-page"), "OrderListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/users",
    validateSearch: usersSearch,
    component: lazyRouteComponent(() => import("../features/user/list-page"), "UserListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/imports",
    validateSearch: importsSearch,
    component: lazyRouteComponent(() => import("../features/intake/list-page"), "ImportListPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/jobs",
    component: lazyRouteComponent(() => import("../features/system/jobs-page"), "JobsPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/callbacks",
    validateSearch: callbacksSearch,
    component: lazyRouteComponent(() => import("../features/system/callbacks-page"), "CallbacksPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/outbox",
    validateSearch: outboxSearch,
    component: lazyRouteComponent(() => import("../features/system/outbox-page"), "OutboxPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/sync",
    validateSearch: syncSearch,
    component: lazyRouteComponent(() => import("../features/system/sync-page"), "SyncPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/doctor",
    component: lazyRouteComponent(() => import("../features/doctor/doctor-page"), "DoctorPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/wecom",
    component: lazyRouteComponent(() => import("../features/setup/settings-page"), "WeComSettingsPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/meters",
    component: lazyRouteComponent(() => import("../features/system/meters-page"), "MetersPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/statistics",
    validateSearch: statisticsSearch,
    component: lazyRouteComponent(() => import("../features/statistic/list-page"), "StatisticsPage"),
  }),
  createRoute({
    getParentRoute: under,
    path: "/system/audit",
    validateSearch: auditSearch,
    component: lazyRouteComponent(() => import("../features/system/audit-page"), "AuditPage"),
  }),
];

export function makeRouter(client: QueryClient) {
  const router = createRouter({
    routeTree: root.addChildren([signin, setup, inside.addChildren(children)]),
    context: { client },
    defaultPreload: "intent",
    defaultErrorComponent: Failed,
    defaultPendingComponent: LoadingState,
    scrollRestoration: true,
  });
  onSessionLost(() => {
    if (["/signin", "/setup"].includes(router.state.location.pathname)) return;
    client.removeQueries({ queryKey: meQuery.queryKey });
    void router.navigate({ to: "/signin", search: { redirect: router.state.location.href } as never });
  });
  return router;
}

function NotFound() {
  const t = useT();
  return <EmptyState title={t("kit.not_found_title")} hint={t("kit.not_found_hint")} />;
}

// A page that broke, or whose code could not be fetched after an upgrade: a reload mends the second.
function Failed({ error }: { error: unknown }) {
  const t = useT();
  const router = useRouter();
  if (error instanceof ApiError) return <ErrorState error={error} onRetry={() => router.invalidate()} />;
  return (
    <EmptyState
      title={t("kit.crashed")}
      hint={t("kit.crashed_hint")}
      action={<Button onClick={() => window.location.reload()}>{t("kit.reload")}</Button>}
    />
  );
}
