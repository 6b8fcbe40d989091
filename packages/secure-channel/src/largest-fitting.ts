/** The largest length in 0..65535 that fits, by bisection; `fits` must never turn true again for a larger length. 0 when nothing fits. */
export function largestFitting(fits: (length: number) => boolean): number {
  let low = 0
  let high = 65536
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (fits(middle)) low = middle
    else high = middle
  }
  return low
}
