export const root: string
export function packages(): { name: string; folder: string; manifest: Record<string, unknown> & { name: string }; entries: string[] }[]
export function sourceAliases(): { find: RegExp; replacement: string }[]
