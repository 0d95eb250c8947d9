/** `200 B`, `20 KB`. */
export const sizeOf = (bytes: number): string => (bytes < 1000 ? `${bytes} B` : `${bytes / 1000} KB`)

/** `1,000,000`. */
export const grouped = (count: number): string => count.toLocaleString('en')
