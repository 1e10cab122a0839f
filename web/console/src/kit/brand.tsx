/** The mark: three people, one circle. */
export function Brand({ size, light }: { size: number; light?: boolean }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill={light ? "#e4efee" : "#125e63"} />
      <g fill={light ? "#125e63" : "#fff"}>
        <circle cx="11" cy="13" r="4" />
        <circle cx="21" cy="13" r="4" opacity=".75" />
        <circle cx="16" cy="21" r="4" opacity=".9" />
      </g>
    </svg>
  );
}
