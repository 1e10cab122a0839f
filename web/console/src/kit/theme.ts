// The look: calm, dense, one accent. Everything visual that antd does not decide is a CSS variable in kit.css.
import type { ThemeConfig } from "antd";

export const palette = {
  ink: "#1f2a2e",
  accent: "#125e63",
  accentSoft: "#e6f0f0",
  line: "#e3e7e8",
  ground: "#f4f6f6",
  good: "#2f7d4f",
  warn: "#b7791f",
  bad: "#b83b3b",
  quiet: "#6b7a80",
};

export const theme: ThemeConfig = {
  token: {
    colorPrimary: palette.accent,
    colorInfo: palette.accent,
    colorSuccess: palette.good,
    colorWarning: palette.warn,
    colorError: palette.bad,
    colorTextBase: palette.ink,
    colorBgLayout: palette.ground,
    colorPrimaryBg: "#e6f0f0",
    colorPrimaryBgHover: "#d8e8e8",
    colorInfoBg: "#e8f1f2",
    colorInfoBorder: "#bcd6d8",
    colorSuccessBg: "#e9f4ec",
    colorSuccessBorder: "#bfdcc8",
    colorWarningBg: "#fbf3e2",
    colorWarningBorder: "#ecd6a6",
    colorErrorBg: "#fbebea",
    colorErrorBorder: "#edc3c1",
    colorBorder: "#cfd6d8",
    colorBorderSecondary: palette.line,
    borderRadius: 5,
    fontSize: 13,
    controlHeight: 30,
    wireframe: false,
    fontFamily:
      '-apple-system, BlinkMacSystemFont, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "Segoe UI", sans-serif',
  },
  components: {
    Table: {
      cellPaddingBlockSM: 6,
      cellPaddingInlineSM: 10,
      headerBg: "#f8fafa",
      headerColor: palette.quiet,
      rowHoverBg: "#f3f8f8",
    },
    Menu: {
      itemHeight: 32,
      itemMarginBlock: 1,
      groupTitleFontSize: 12,
      itemSelectedBg: palette.accentSoft,
      itemBorderRadius: 5,
    },
    Card: { bodyPadding: 16, headerHeight: 42 },
    Drawer: { paddingLG: 20 },
    Form: { itemMarginBottom: 16, verticalLabelPadding: "0 0 4px" },
    Tabs: { horizontalMargin: "0 0 12px 0" },
    Descriptions: { itemPaddingBottom: 8 },
  },
};
