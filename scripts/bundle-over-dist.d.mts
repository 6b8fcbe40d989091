export function unbuilt(): string[]
export function bundleOverDist(entry: string, outfile: string): Promise<void>
