import { InputError } from '@kart/codec'
import {
  decodeTemplates,
  encodeTemplate,
  type ImageFrame,
  imageOf,
  inspectTemplate,
  type MinutiaeTemplate,
  minutiaeOf,
  type TemplateFormat,
  templateFormats,
} from '@kart/minutiae'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { decodeInput, readInput, usingInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { plainTable } from '../verdict-output.ts'
import { checkOutput, forceText, writeMade } from '../write-file.ts'

interface Options {
  readonly from?: string
  readonly to?: string
  readonly output?: string
  readonly force?: boolean
  readonly view?: string
  readonly list?: boolean
  readonly json?: boolean
}

const typeNames = ['other', 'ending', 'bifurcation', 'reserved'] as const

function formatNamed(name: string, field: string): TemplateFormat {
  const row = templateFormats.find(({ format }) => format === name)
  if (!row) throw new InputError(field, `no such format; one of ${templateFormats.map(({ format }) => format).join(', ')}`)
  return row.format
}

function describe(template: MinutiaeTemplate): string {
  const counts = [0, 0, 0, 0]
  for (const type of template.type) counts[type] = (counts[type] ?? 0) + 1
  const kinds = counts.flatMap((count, type) => (count > 0 ? [`${count} ${typeNames[type] ?? 'other'}`] : [])).join(', ')
  const graded = template.quality.filter((quality) => quality > 0)
  const mean = graded.length > 0 ? Math.round(graded.reduce((sum, quality) => sum + quality, 0) / graded.length) : undefined
  return `${template.count} minutiae${kinds ? ` (${kinds})` : ''}, ${mean === undefined ? 'no quality given' : `mean quality ${mean}`}`
}

function list(template: MinutiaeTemplate): string {
  const table = plainTable(['#', 'type', 'x mm', 'y mm', 'angle °', 'quality'])
  minutiaeOf(template).forEach((minutia, index) => {
    table.push([
      index + 1,
      typeNames[minutia.type] ?? 'other',
      (minutia.x / 100).toFixed(2),
      (minutia.y / 100).toFixed(2),
      ((minutia.angle * 360) / 256).toFixed(1),
      minutia.quality || '-',
    ])
  })
  return table.toString()
}

function describeImage({ width, height, resolutionX, resolutionY }: ImageFrame): string {
  return `image ${width} x ${height} pixels, ${resolutionX} x ${resolutionY} pixels a cm`
}

function frameOptions({ width, height, resolutionX, resolutionY }: ImageFrame) {
  return { width, height, resolution: resolutionX, resolutionY }
}

/** `kart minutiae FILE`: shows a template of any supported format, and converts it. */
export function addMinutiaeCommand(program: Command, run: Runner): void {
  const command = program
    .command('minutiae')
    .description(summaries.minutiae)
    .argument('<file>', 'a template in any supported format')
    .option('--from <format>', 'the format of the file, where it cannot be told from its bytes')
    .option('--to <format>', `convert to: ${templateFormats.map(({ format }) => format).join(', ')}`)
    .option('-o, --output <file>', 'where the converted template goes')
    .option('--view <n>', 'which view of a record to convert, counted from 1', '1')
    .option('--list', 'list every minutia')
    .option('--force', forceText)
    .option('--json', 'one JSON document on standard output')
    .action((file: string, options: Options) =>
      run(options, (output) => {
        if (options.to !== undefined && options.output === undefined)
          throw new InputError('--output', 'say where the converted template goes')
        if (options.to === undefined && options.output !== undefined) throw new InputError('--to', 'say to which format to convert')
        checkOutput('--output', options.output, { force: options.force, inputs: { 'that is read': file } })
        const target = options.to === undefined ? undefined : formatNamed(options.to, '--to')
        const source = options.from === undefined ? undefined : formatNamed(options.from, '--from')
        const bytes = readInput(file)
        const decoded = decodeInput(file, () => decodeTemplates(bytes, source))
        const row = templateFormats.find(({ format }) => format === decoded.format)
        const record = decoded.record
        output.line(`${file}: ${row?.title ?? decoded.format}, ${row?.clause ?? ''} (${decoded.format}), ${bytes.length} bytes`)
        if (record) output.line(`${describeImage(record)}; ${record.views.length} ${record.views.length === 1 ? 'view' : 'views'}`)
        const frames = record?.views.map((view) => imageOf(record, view))
        const concerns = decoded.templates.map((template, index) => inspectTemplate(template, frames?.[index]))
        decoded.templates.forEach((template, index) => {
          const from = record?.views[index]
          const own = from?.image ? `${describeImage(from.image)}; ` : ''
          const finger = from ? `finger position ${from.position}, ` : ''
          output.line(`view ${index + 1}: ${finger}${own}${describe(template)}`)
          for (const { unusable, detail } of concerns[index]!)
            output.line(`  ${unusable ? pc.red('unusable') : pc.yellow('doubtful')}: ${detail}`)
          if (options.list) output.line(list(template))
        })
        let converted: Uint8Array | undefined
        if (target !== undefined && options.output !== undefined) {
          const view = Number(options.view ?? '1')
          const template = decoded.templates[view - 1]
          if (template === undefined) throw new InputError('--view', `the file holds ${decoded.templates.length} views`)
          const from = record?.views[view - 1]
          converted = usingInput(file, () =>
            encodeTemplate(template, target, {
              ...(from ? { position: from.position, impression: from.impression, quality: from.quality } : {}),
              ...(frames?.[view - 1] ? frameOptions(frames[view - 1]!) : {}),
            }),
          )
          writeMade(options.output, converted, options.force)
          output.line(`wrote ${options.output}: ${target}, ${converted.length} bytes`)
        }
        output.document({
          file,
          format: decoded.format,
          bytes: bytes.length,
          views: decoded.templates.map((template, index) => ({
            count: template.count,
            ...(frames?.[index] ? { image: frames[index] } : {}),
            concerns: concerns[index],
            minutiae: minutiaeOf(template),
          })),
          ...(converted ? { converted: { format: target, file: options.output, bytes: converted.length } } : {}),
        })
        return exitCode.done
      }),
    )
  withExample(command, 'kart minutiae finger.fmr --list', 'kart minutiae finger.fmr --to card-compact -o finger.cc')
}
