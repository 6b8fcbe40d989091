/** What stands in the JSON document of a verification that broke off. */
export const noVerdict = { verdict: 'error', checks: [] } as const
