// Who may import whom. Features mirror the Go packages and know nothing of each other; app composes them.
module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      comment: "A cycle means that two files are one file.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "features-are-islands",
      comment: "A feature needs another one: move the common part to kit or lib, or compose in app.",
      severity: "error",
      from: { path: "^console/src/features/([^/]+)/" },
      to: { path: "^console/src/features/([^/]+)/", pathNot: "^console/src/features/$1/" },
    },
    {
      name: "kit-knows-no-feature",
      severity: "error",
      from: { path: "^console/src/(kit|lib|i18n)/" },
      to: { path: "^console/src/(features|app)/" },
    },
    {
      name: "features-do-not-know-app",
      severity: "error",
      from: { path: "^console/src/features/" },
      to: { path: "^console/src/app/" },
    },
    {
      name: "shared-knows-no-app",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: "^(console|staff|h5|phone)/" },
    },
    {
      name: "apps-are-islands",
      severity: "error",
      from: { path: "^(console|staff|h5|phone)/" },
      to: { path: "^(console|staff|h5|phone)/", pathNot: "^$1/" },
    },
    {
      name: "customer-pages-stay-small",
      comment: "React and antd would break the 80 KB of the customer page.",
      severity: "error",
      from: { path: "^(h5|phone)/" },
      to: { path: "node_modules/(react|react-dom|antd|antd-mobile)/" },
    },
    { name: "no-orphan-import", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".tsx", ".d.ts", ".json", ".css", ".js", ".mjs"] },
    exclude: { path: "\\.css$" },
  },
};
