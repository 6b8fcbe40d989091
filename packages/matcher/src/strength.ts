/** Strength of a pair of which nothing could be aligned, or that a gate of a search has stopped: below every strength that the stages give. */
export const lowestStrength = -65536
