/**
 * Lines over windows: scales and axes by uPlot, the lines drawn on its canvas. What is final is a
 * full line; towards a window that still counts it is dashed, and its point hollow; a window that
 * late events changed has a diamond. Between windows that do not touch there is no line.
 */
import type uPlot from 'uplot'
import type { ResultRow } from '../../../src/model/result.ts'
import type { PlotSettings } from './plot.ts'

export interface Line {
  readonly label: string
  /** Number of a colour, `--type-N`; null: of the time before, drawn faint. */
  readonly slot: number | null
  /** One for each window; null: no value. */
  readonly values: readonly (number | null)[]
}

export interface LineView {
  readonly startsMs: readonly number[]
  /** null: there is no row of this window. */
  readonly statuses: readonly (ResultRow['status'] | null)[]
  readonly lines: readonly Line[]
}

export interface LineSettings extends PlotSettings {
  /** What is to be drawn, asked at each drawing. */
  readonly view: () => LineView
  /** Text of a value on the axis. */
  readonly toAxis: (value: number) => string
  /** Text of a time on the axis. */
  readonly toTick: (atMs: number) => string
}

const LABEL_WIDTH = 72
/** More points than these are drawn only where they say something. */
const POINTS_MAX = 62
/** Windows are an hour more or less apart where clocks change. */
const GAP_SHARE = 1.6

export function toLineData(view: LineView): uPlot.AlignedData {
  return [view.startsMs.map((_, index) => index), ...view.lines.map(line => [...line.values])]
}

export function createLineOptions(box: HTMLElement, settings: LineSettings): uPlot.Options {
  const { view, point, color, font } = settings
  const stroke = (): string => color('--ink-faint')
  const series = view().lines.map(() => ({ paths: () => null, points: { show: false } }))
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: () => toRange(view().startsMs.length) },
      y: { range: (_, min, max) => [Math.min(0, min ?? 0), toRoundMax(max ?? 1)] },
    },
    series: [{}, ...series],
    axes: [
      {
        stroke,
        font,
        size: 28,
        gap: 6,
        grid: { show: false },
        ticks: { show: false },
        splits: plot => toSplits(view().startsMs.length, plot.bbox.width / devicePixelRatio),
        values: (_, splits) =>
          splits.map(index => {
            const atMs = view().startsMs[index]
            return atMs === undefined ? '' : settings.toTick(atMs)
          }),
      },
      {
        stroke,
        font,
        size: 52,
        gap: 8,
        grid: { stroke: () => color('--line'), width: 1 },
        ticks: { show: false },
        splits: (_, __, min, max) => [...(min < 0 ? [min] : []), 0, max / 2, max],
        values: (_, splits) => splits.map(settings.toAxis),
      },
    ],
    hooks: {
      setCursor: [plot => point(plot.cursor.idx ?? null)],
      draw: [plot => drawAll(plot, settings)],
    },
  }
}

/** Half a place free on both sides; a single window stands in the middle. */
function toRange(count: number): [number, number] {
  return [-0.5, Math.max(0, count - 1) + 0.5]
}

/** The next round number above, so that a line keeps below the top. */
export function toRoundMax(max: number): number {
  if (!(max > 0)) return 1
  const size = 10 ** Math.floor(Math.log10(max))
  const step = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find(one => one * size >= max) ?? 10
  return step * size
}

/** Indices to be named in `width` pixels, evenly spaced back from the newest. */
export function toSplits(count: number, width: number): number[] {
  const step = Math.max(1, Math.ceil((LABEL_WIDTH * count) / Math.max(width, 1)))
  return Array.from({ length: count }, (_, index) => index).filter(
    index => (count - 1 - index) % step === 0,
  )
}

function drawAll(plot: uPlot, settings: LineSettings): void {
  const view = settings.view()
  const { ctx } = plot
  ctx.save()
  const pointed = settings.pointed()
  if (pointed !== null && pointed < view.startsMs.length) {
    const x = Math.round(plot.valToPos(pointed, 'x', true))
    ctx.strokeStyle = settings.color('--line-strong')
    ctx.lineWidth = devicePixelRatio
    ctx.beginPath()
    ctx.moveTo(x, plot.bbox.top)
    ctx.lineTo(x, plot.bbox.top + plot.bbox.height)
    ctx.stroke()
  }
  for (const line of view.lines) drawLine(plot, line, settings)
  ctx.restore()
}

function drawLine(plot: uPlot, line: Line, { view, color }: LineSettings): void {
  const { ctx } = plot
  const { startsMs, statuses } = view()
  const isFaint = line.slot === null
  const ratio = devicePixelRatio
  ctx.strokeStyle = color(isFaint ? '--line-strong' : `--type-${line.slot}`)
  ctx.lineWidth = (isFaint ? 1.25 : 2) * ratio
  ctx.lineJoin = 'round'
  const stepMs = smallestStep(startsMs)
  let before: { readonly x: number; readonly y: number; readonly index: number } | null = null
  for (const [index, value] of line.values.entries()) {
    if (value === null) continue
    const at = { x: plot.valToPos(index, 'x', true), y: plot.valToPos(value, 'y', true), index }
    const apartMs = (startsMs[index] ?? 0) - (startsMs[before?.index ?? index] ?? 0)
    if (before !== null && apartMs <= stepMs * GAP_SHARE) {
      const isOpen = statuses[index] === 'open' || statuses[before.index] === 'open'
      ctx.setLineDash(isOpen && !isFaint ? [5 * ratio, 4 * ratio] : [])
      ctx.beginPath()
      ctx.moveTo(before.x, before.y)
      ctx.lineTo(at.x, at.y)
      ctx.stroke()
    }
    before = at
  }
  ctx.setLineDash([])
  if (!isFaint) drawPoints(plot, line, { statuses, ground: color('--surface') })
}

interface PointLook {
  readonly statuses: LineView['statuses']
  readonly ground: string
}

function drawPoints(plot: uPlot, line: Line, { statuses, ground }: PointLook): void {
  const { ctx } = plot
  const isDense = line.values.length > POINTS_MAX
  for (const [index, value] of line.values.entries()) {
    const status = statuses[index]
    if (value === null || (isDense && status !== 'open' && status !== 'revised')) continue
    const x = plot.valToPos(index, 'x', true)
    const y = plot.valToPos(value, 'y', true)
    const size = (status === 'revised' ? 4.5 : status === 'open' ? 3.5 : 2.25) * devicePixelRatio
    ctx.beginPath()
    if (status === 'revised') {
      ctx.moveTo(x, y - size)
      ctx.lineTo(x + size, y)
      ctx.lineTo(x, y + size)
      ctx.lineTo(x - size, y)
      ctx.closePath()
    } else {
      ctx.arc(x, y, size, 0, 2 * Math.PI)
    }
    ctx.fillStyle = status === 'open' ? ground : ctx.strokeStyle
    ctx.fill()
    ctx.stroke()
  }
}

/** The shortest time between two windows; Infinity where there are fewer than two. */
function smallestStep(startsMs: readonly number[]): number {
  let step = Number.POSITIVE_INFINITY
  for (const [index, startMs] of startsMs.entries()) {
    const before = startsMs[index - 1]
    if (before !== undefined) step = Math.min(step, startMs - before)
  }
  return step
}
