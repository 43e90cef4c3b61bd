import { useLocation, useSearchParams } from "wouter";

/** A list's filters, which live in the URL: `[filters, set]`; setting one to null takes it away and begins at the first page. */
export function useFilters(): [Record<string, string>, (change: Record<string, string | null>) => void] {
  const [search] = useSearchParams();
  const [path, navigate] = useLocation();
  const filters = Object.fromEntries(search);
  return [
    filters,
    (change) => {
      const next = new URLSearchParams(search);
      next.delete("cursor");
      for (const [name, value] of Object.entries(change))
        if (value === null || value === "") next.delete(name);
        else next.set(name, value);
      navigate(next.size === 0 ? path : `${path}?${next}`, { replace: !("cursor" in change) });
    },
  ];
}
