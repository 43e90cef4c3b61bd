import {
  Chip,
  createTheme,
  defaultVariantColorsResolver,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from "@mantine/core";

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

/** The grounds and lines of the approvers' pages at night; text first, deepest ground last. */
const dark: MantineColorsTuple = [
  "#e3e9ed",
  "#c3ced6",
  "#98a4ae",
  "#74848f",
  "#33404a",
  "#2b363e",
  "#1f2930",
  "#182026",
  "#141b20",
  "#0e1418",
];

/** On what is filled with the accent. The library takes the text's colour from the light theme's shade in both themes. */
const onAccent = "var(--mantine-primary-color-contrast)";

export const theme = createTheme({
  primaryColor: "countersign",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  colors: { countersign, dark },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650" },
  variantColorResolver: (input) => {
    const colors = defaultVariantColorsResolver(input);
    return input.variant === "filled" && (input.color ?? "countersign") === "countersign"
      ? { ...colors, color: onAccent }
      : colors;
  },
  components: {
    Chip: Chip.extend({
      vars: () => ({ root: { "--chip-color": onAccent, "--chip-icon-color": onAccent } }),
    }),
  },
});

/** Text at 4.5:1 at least on each ground that we put it on (WCAG 1.4.3), where the library's own is paler. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#53616d",
    "--mantine-color-placeholder": "#64717c",
    "--mantine-color-error": "#a3262a",
    "--mantine-color-yellow-light-color": "#6f4700",
    "--mantine-color-red-light-color": "#a3262a",
    "--mantine-color-blue-light-color": "#134f8f",
    "--mantine-color-violet-light-color": "#5130b0",
    "--mantine-color-gray-light-color": "#3d4852",
    "--mantine-color-countersign-light-color": "#0a5944",
    "--mantine-color-red-filled": "#b42a2f",
    "--page-background": "#f4f6f8",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b6c0",
    "--mantine-color-placeholder": "#98a4ae",
    "--mantine-color-error": "#ff9b94",
    "--mantine-color-red-filled": "#b42a2f",
    "--mantine-color-countersign-light": "#14352b",
    "--mantine-color-countersign-light-hover": "#1a4437",
    "--mantine-color-countersign-light-color": "#8fe3c6",
    "--mantine-color-yellow-light": "#35290f",
    "--mantine-color-yellow-light-color": "#f2c46d",
    "--mantine-color-red-light": "#3a1e1f",
    "--mantine-color-red-light-color": "#ff9b94",
    "--mantine-color-blue-light": "#152c44",
    "--mantine-color-blue-light-color": "#9cc4ff",
    "--mantine-color-violet-light": "#2a2145",
    "--mantine-color-violet-light-color": "#c3b0fa",
    "--mantine-color-gray-light": "#29343b",
    "--mantine-color-gray-light-color": "#c3ced6",
    "--page-background": "#0e1418",
  },
});
