export interface Counts {
  passed: number
  failed: number
  skipped: number
}
export interface VitestReport {
  success?: boolean
  testResults?: readonly {
    name: string
    status: string
    message?: string
    assertionResults?: readonly { status: string }[]
  }[]
}
export function countResults(results: VitestReport | undefined, exitCode: number, base: string): Counts & { problems: string[] }
export function addCounts(a: Counts, b: Counts): Counts
export function summaryLine(counts: Counts): string
