/** The mark: a seal with a tick, as on the mailed pages. */
export const Logo = ({ size = 26 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <rect width="24" height="24" rx="7" fill="var(--mantine-primary-color-filled)" />
    <path
      d="M6 12.6l4 4 8-9"
      fill="none"
      stroke="var(--mantine-primary-color-contrast)"
      strokeWidth="2.6"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  </svg>
);
