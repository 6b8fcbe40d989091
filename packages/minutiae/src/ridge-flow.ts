import type { SeededRandom } from './random.ts'

/** A direction of twice the ridge's angle: two ridges half a turn apart are one and the same. Not of unit length. */
export interface FlowPoint {
  cos: number
  sin: number
}

/** Writes the flow at a place, 1/100 mm from the print's middle, x right, y up. */
export type RidgeFlow = (x: number, y: number, into: FlowPoint) => void

// Natural shares of the classes (Wilson, Candela and Watson, 1994): whorl, left loop, right loop, plain arch, tented arch.
const classes = [0.279, 0.617, 0.934, 0.971] as const

/**
 * A random finger's ridge flow: the zero-pole model of Sherlock and Monro (1993), where each core turns the flow once about itself and each delta turns it
 * back, plus the bend of the ridges over the fingertip, plus two slow waves so that no two fingers of a class are the same.
 */
export function ridgeFlow(random: SeededRandom): RidgeFlow {
  const about = (mean: number, spread: number) => mean + spread * (random.uniform() + random.uniform() + random.uniform() - 1.5)
  const kind = random.uniform()
  const whorl = kind < classes[0]
  const arch = kind >= classes[2] && kind < classes[3]
  const side = kind < classes[1] ? 1 : -1
  // x, y of each core and delta in turn
  const cores: number[] = []
  const deltas: number[] = []
  const coreX = about(0, 110)
  const coreY = about(110, 220)
  if (whorl) {
    const apart = about(170, 160)
    cores.push(coreX, coreY + apart, coreX + about(0, 100), coreY - apart)
    deltas.push(coreX - about(560, 200), coreY - about(640, 260), coreX + about(560, 200), coreY - about(640, 260))
  } else if (!arch) {
    const tented = kind >= classes[3]
    cores.push(coreX, coreY)
    deltas.push(coreX + (tented ? about(0, 60) : side * about(520, 200)), coreY - (tented ? about(420, 200) : about(680, 260)))
  }
  // Bend of the tip, turns of the doubled angle a 1/100 mm beside the middle: 6 degrees of the ridge a mm, half of it where a whorl bends by itself.
  const bend = (whorl ? 0.55 : 1) * about(0.00033, 0.0001)
  const waves = [0, 1].map(() => ({ x: about(0, 0.0012), y: about(0, 0.0012), phase: random.uniform(), most: about(0.02, 0.03) }))
  return (x, y, into) => {
    let cos = 1
    let sin = 0
    for (let k = 0; k < cores.length; k += 2) {
      const dx = (x - cores[k]!) / 500
      const dy = (y - cores[k + 1]!) / 500
      const next = cos * dx - sin * dy
      sin = cos * dy + sin * dx
      cos = next
    }
    for (let k = 0; k < deltas.length; k += 2) {
      const dx = (x - deltas[k]!) / 500
      const dy = (deltas[k + 1]! - y) / 500
      const next = cos * dx - sin * dy
      sin = cos * dy + sin * dx
      cos = next
    }
    // The bend fades out from the middle to 7 mm below it; an arch's ridges bend most where others have their core.
    const above = y > 0 ? 1 : y < -700 ? 0 : 1 + y / 700
    const tip = arch ? (x / (1 + (x * x + (y - coreY) * (y - coreY)) / 250000)) * 2.2 : x
    let turns = -bend * tip * above
    for (const wave of waves) turns += wave.most * triangle(x * wave.x + y * wave.y + wave.phase)
    const [turnCos, turnSin] = roughCosSin(turns)
    into.cos = cos * turnCos - sin * turnSin
    into.sin = cos * turnSin + sin * turnCos
  }
}

// A wave of four parabolas, -1..1 with period 1: smooth, and exact everywhere.
function triangle(at: number): number {
  const t = at - Math.floor(at)
  const half = t < 0.5 ? t : t - 0.5
  const arch = 16 * half * (0.5 - half)
  return t < 0.5 ? arch : -arch
}

function roughCosSin(turns: number): readonly [number, number] {
  return [triangle(turns + 0.25), triangle(turns)]
}

/**
 * The angle of (cos, sin) in turns, -0.5..0.5, from the four basic operations alone, which IEEE 754 rounds the same everywhere; Math.atan2 is left open by ECMAScript.
 * Error below 0.0001 turn. The vector need not have unit length; 0 for none.
 */
export function turnsOf(cos: number, sin: number): number {
  const a = cos < 0 ? -cos : cos
  const b = sin < 0 ? -sin : sin
  if (a === 0 && b === 0) return 0
  const t = a > b ? b / a : a / b
  const q = t * t
  // Minimax polynomial of the arc tangent on 0..1 (Abramowitz and Stegun 4.4.47), over 2 pi.
  const part = (t * (0.999866 + q * (-0.3302995 + q * (0.180141 + q * (-0.085133 + q * 0.0208351))))) / 6.283185307179586
  const first = a > b ? part : 0.25 - part
  const upper = cos < 0 ? 0.5 - first : first
  return sin < 0 ? -upper : upper
}
