import { Button, createTheme, type CSSVariablesResolver, Modal, Table, Tabs } from '@mantine/core';

/** What the reader's machine has; Japanese faces stand before the general ones so that kanji take Japanese forms. */
const FONTS = [
  '-apple-system',
  'BlinkMacSystemFont',
  '"Segoe UI"',
  '"Hiragino Sans"',
  '"Hiragino Kaku Gothic ProN"',
  '"Yu Gothic UI"',
  '"Noto Sans JP"',
  '"Noto Sans CJK JP"',
  '"BIZ UDGothic"',
  'Meiryo',
  'IPAexGothic',
  'IPAGothic',
  'sans-serif',
].join(', ');

export const theme = createTheme({
  fontFamily: FONTS,
  fontFamilyMonospace: `ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono CJK JP", monospace`,
  headings: {
    fontFamily: FONTS,
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.375rem', lineHeight: '1.4' }, h2: { fontSize: '1rem', lineHeight: '1.5' } },
  },
  primaryColor: 'navy',
  primaryShade: { light: 7, dark: 6 },
  colors: {
    navy: [
      '#eef3fb',
      '#dae5f6',
      '#b4c9ec',
      '#8caee2',
      '#6a96d9',
      '#4a7fce',
      '#3468b8',
      '#27539a',
      '#1f447f',
      '#173463',
    ],
  },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontSmoothing: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.4 },
        // Its heading is no banner of the page.
        attributes: { header: { role: 'none' } },
      },
    }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 9, horizontalSpacing: 'md' } }),
    Tabs: Tabs.extend({ defaultProps: { keepMounted: false } }),
  },
});

/** Where the library's own colours are too pale to be read by everybody (WCAG 2.2, 4.5 : 1). */
export const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#545c66',
    '--mantine-color-placeholder': '#6b7480',
    '--mantine-color-error': '#b4232a',
    '--mantine-color-anchor': '#27539a',
    '--console-ground': '#f5f7fa',
    '--console-line': '#dfe4ea',
    '--console-good': '#14693a',
    '--console-good-ground': '#e3f5ea',
    '--console-bad': '#a61e25',
    '--console-bad-ground': '#fdeaea',
    '--console-warn': '#80510a',
    '--console-warn-ground': '#fdf2da',
    '--console-info': '#27539a',
    '--console-info-ground': '#e6eefa',
    '--console-calm': '#4a525c',
    '--console-calm-ground': '#eceff3',
  },
  dark: {
    '--mantine-color-body': '#1b1e23',
    '--mantine-color-dimmed': '#a9b2bd',
    '--mantine-color-placeholder': '#8f99a5',
    '--mantine-color-error': '#ff9a9a',
    '--mantine-color-anchor': '#9dbdec',
    '--console-ground': '#14161a',
    '--console-line': '#343a43',
    '--console-good': '#86dba6',
    '--console-good-ground': '#173526',
    '--console-bad': '#ffaaa9',
    '--console-bad-ground': '#45191c',
    '--console-warn': '#f3c976',
    '--console-warn-ground': '#402d0c',
    '--console-info': '#a9c6f2',
    '--console-info-ground': '#1a2e4d',
    '--console-calm': '#c3cad3',
    '--console-calm-ground': '#2c3138',
  },
});
