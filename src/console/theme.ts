import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** The green of the logo and of the approvers' pages (`src/http/pages/style.ts`). */
const countersign: MantineColorsTuple = [
  "#e9f7f1",
  "#d5efe4",
  "#aee0cb",
  "#83d1b0",
  "#5fd6ae",
  "#39ad84",
  "#1f8d69",
  "#0b6750",
  "#095743",
  "#064434",
];

export const theme = createTheme({
  primaryColor: "countersign",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  colors: { countersign },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650" },
});
