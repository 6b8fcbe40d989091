import {
  decodeTemplate,
  encodeTemplate,
  limitMinutiae,
  type Minutia,
  type MinutiaeTemplate,
  minutiaeOf,
  templateFrom,
} from '@kart/minutiae'

/** A number in [0, 1) at each call; seeded. */
export type Random = () => number

const each = (template: MinutiaeTemplate, change: (m: Minutia) => Partial<Minutia>): MinutiaeTemplate =>
  templateFrom(minutiaeOf(template).map((m) => ({ ...m, ...change(m) })))
const angle = (value: number) => Math.round(value) & 0xff
const to = (step: number, value: number) => step * Math.round(value / step)

// Through a record that states this resolution, so positions are rounded to its pixels.
const recorded = (template: MinutiaeTemplate, resolution: number, resolutionY = resolution) =>
  decodeTemplate(encodeTemplate(template, 'iso-19794-2-2005', { resolution, resolutionY }))

function shuffled(template: MinutiaeTemplate, random: Random): MinutiaeTemplate {
  const list = minutiaeOf(template).map((m) => ({ m, key: random() }))
  return templateFrom(list.sort((p, q) => p.key - q.key).map(({ m }) => m))
}

// About normal, standard deviation 0.71.
const normal = (random: Random) => random() + random() + random() + random() + random() + random() - 3

function withSpurious(template: MinutiaeTemplate, random: Random, share: number, quality: (random: Random) => number): MinutiaeTemplate {
  const all = minutiaeOf(template)
  if (all.length === 0) return template
  const among = (axis: 'x' | 'y') => {
    const values = all.map((m) => m[axis])
    const low = Math.min(...values)
    return low + random() * (Math.max(...values) - low)
  }
  const more = Math.min(255 - all.length, Math.round(share * all.length))
  const made = Array.from({ length: more }, () => ({
    x: Math.round(among('x')),
    y: Math.round(among('y')),
    angle: Math.floor(256 * random()),
    type: 1 + Math.floor(2 * random()),
    quality: quality(random),
  }))
  return templateFrom([...all, ...made])
}

// Some minutiae found twice, 4 to 8 pixels away: once more the same way, or the other way, as the two ends of a short ridge are.
function doubled(template: MinutiaeTemplate, random: Random, share: number): MinutiaeTemplate {
  const all = minutiaeOf(template)
  const more = all
    .filter(() => random() < share)
    .map((m) => {
      const turns = random() * 2 * Math.PI
      const far = 20 + 20 * random()
      return {
        ...m,
        x: Math.max(0, Math.round(m.x + far * Math.cos(turns))),
        y: Math.max(0, Math.round(m.y + far * Math.sin(turns))),
        angle: angle(m.angle + (random() < 0.5 ? 0 : 128)),
      }
    })
  return templateFrom([...all, ...more].slice(0, 255))
}

function croppedTo(template: MinutiaeTemplate, random: Random, radius: number): MinutiaeTemplate {
  const all = minutiaeOf(template)
  if (all.length === 0) return template
  const mean = (axis: 'x' | 'y') => all.reduce((sum, m) => sum + m[axis], 0) / all.length
  const x = mean('x') + 150 * normal(random)
  const y = mean('y') + 150 * normal(random)
  return templateFrom(all.filter((m) => (m.x - x) ** 2 + (m.y - y) ** 2 < radius * radius))
}

function turned(template: MinutiaeTemplate, random: Random): MinutiaeTemplate {
  const turns = 2 * Math.PI * random()
  const [cos, sin] = [Math.cos(turns), Math.sin(turns)]
  return each(template, (m) => ({
    x: Math.round(m.x * cos + m.y * sin),
    y: Math.round(m.y * cos - m.x * sin),
    angle: angle(m.angle + (128 * turns) / Math.PI),
  }))
}

/** What another extractor or sensor might do to a template. `random` is seeded by the impression, so no two are altered alike. */
export const alterations: Readonly<Record<string, (template: MinutiaeTemplate, random: Random) => MinutiaeTemplate>> = {
  plain: (t) => t,
  'order shuffled': shuffled,
  'quality not reported': (t) => each(t, () => ({ quality: 0 })),
  'quality all 1': (t) => each(t, () => ({ quality: 1 })),
  'quality all 50': (t) => each(t, () => ({ quality: 50 })),
  'quality all 100': (t) => each(t, () => ({ quality: 100 })),
  'quality 1 to 10': (t) => each(t, (m) => ({ quality: m.quality === 0 ? 0 : Math.max(1, Math.round(m.quality / 10)) })),
  'quality 0 to 4': (t) => each(t, (m) => ({ quality: Math.round(m.quality / 25) })),
  'quality halved': (t) => each(t, (m) => ({ quality: m.quality === 0 ? 0 : Math.max(1, m.quality >> 1) })),
  'quality 80 to 100': (t) => each(t, (m) => ({ quality: m.quality === 0 ? 0 : 80 + Math.round(m.quality / 5) })),
  'quality 40 to 100': (t) => each(t, (m) => ({ quality: m.quality === 0 ? 0 : 40 + Math.round(0.6 * m.quality) })),
  'quality by chance': (t, random) => each(t, () => ({ quality: 1 + Math.floor(100 * random()) })),
  'angles by 11.25 degrees': (t) => each(t, (m) => ({ angle: angle(to(8, m.angle)) })),
  'angles by 22.5 degrees': (t) => each(t, (m) => ({ angle: angle(to(16, m.angle)) })),
  'angles 90 degrees on': (t) => each(t, (m) => ({ angle: angle(m.angle + 64) })),
  'angles opposite': (t) => each(t, (m) => ({ angle: angle(m.angle + 128) })),
  'angles modulo 180 degrees': (t) => each(t, (m) => ({ angle: m.angle & 127 })),
  'angles clockwise': (t) => each(t, (m) => ({ angle: angle(-m.angle) })),
  'angles 8 degrees off': (t, random) => each(t, (m) => ({ angle: angle(m.angle + 8 * normal(random)) })),
  'some angles opposite': (t, random) => each(t, (m) => ({ angle: angle(m.angle + (random() < 0.1 ? 128 : 0)) })),
  'positions by 4 pixels': (t) => each(t, (m) => ({ x: to(20, m.x), y: to(20, m.y) })),
  'positions 3 pixels off': (t, random) =>
    each(t, (m) => ({ x: Math.max(0, m.x + Math.round(21 * normal(random))), y: Math.max(0, m.y + Math.round(21 * normal(random))) })),
  'record of 300 dpi': (t) => recorded(t, 118),
  'record of 1000 dpi': (t) => recorded(t, 394),
  'record of 500 x 300 dpi': (t) => recorded(t, 197, 118),
  'compact card format': (t) => decodeTemplate(encodeTemplate(inCompact(t), 'card-compact'), 'card-compact'),
  'turned any way': turned,
  'half as many spurious': (t, random) => withSpurious(t, random, 0.5, () => 0),
  'as many poor spurious': (t, random) => withSpurious(t, random, 1, (r) => 1 + Math.floor(40 * r())),
  'as many spurious alike': (t, random) =>
    withSpurious(
      each(t, () => ({ quality: 0 })),
      random,
      1,
      () => 0,
    ),
  'doubles of 20 %': (t, random) => doubled(t, random, 0.2),
  'doubles of 50 %': (t, random) => doubled(t, random, 0.5),
  'the best 20': (t) => limitMinutiae(t, 20),
  'the best 12': (t) => limitMinutiae(t, 12),
  'any 70 %': (t, random) => templateFrom(minutiaeOf(t).filter(() => random() < 0.7)),
  'within 5 mm': (t, random) => croppedTo(t, random, 500),
  'within 3.5 mm': (t, random) => croppedTo(t, random, 350),
}

function inCompact(template: MinutiaeTemplate): MinutiaeTemplate {
  const [left, top] = [Math.min(...template.x), Math.min(...template.y)]
  return templateFrom(
    minutiaeOf(template)
      .map((m) => ({ ...m, x: m.x - left, y: m.y - top }))
      .filter((m) => m.x < 2550 && m.y < 2550),
  )
}
