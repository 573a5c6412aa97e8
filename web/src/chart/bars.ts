/** How the minutes are drawn: scales and axes for uPlot, and stacked bars on its canvas. */
import type uPlot from 'uplot'
import type { Minute, Minutes } from '../data/windows.ts'
import { groupDigits } from '../text/format.ts'
import type { TimeText } from '../text/times.ts'
import type { PlotSettings } from './plot.ts'

export interface BarView {
  readonly data: Minutes
  readonly slots: readonly number[]
  readonly time: TimeText
}

export interface BarSettings extends PlotSettings {
  /** What is to be drawn, asked at each drawing. */
  readonly view: () => BarView
}

/** Places along the axis at least, so that a few minutes do not become wide blocks. */
const PLACES_MIN = 30
const BAR_SHARE = 0.74
const LABEL_WIDTH = 56
/** Between two names on the axis. */
const TICK_MINUTES = [5, 10, 15, 20, 30]
const OPEN_ALPHA = 0.28

/** Minutes by their index, oldest 0, and their totals. */
export function toBarData(data: Minutes): uPlot.AlignedData {
  return [data.minutes.map((_, index) => index), data.minutes.map(minute => minute.total)]
}

/** Options for a plot in `box`, whose style gives size and font. */
export function createBarOptions(box: HTMLElement, settings: BarSettings): uPlot.Options {
  const { view, point, color, font } = settings
  const stroke = (): string => color('--ink-faint')
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: () => toPlaces(view().data.minutes.length) },
      y: { range: (_, __, max) => [0, toCeiling(max)] },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [
      {
        stroke,
        font,
        size: 26,
        gap: 6,
        grid: { show: false },
        ticks: { show: false },
        splits: plot => toTicks(view(), plot.bbox.width / devicePixelRatio),
        values: (_, splits) => splits.map(index => toTickText(view(), index)),
      },
      {
        stroke,
        font,
        size: 44,
        gap: 8,
        grid: { stroke: () => color('--line'), width: 1 },
        ticks: { show: false },
        splits: (_, __, ___, max) => [0, max / 2, max],
        values: (_, splits) => splits.map(count => groupDigits(String(count))),
      },
    ],
    hooks: {
      setCursor: [plot => point(plot.cursor.idx ?? null)],
      draw: [plot => drawBars(plot, settings)],
    },
  }
}

/** The newest minute stands at the right end. */
export function toPlaces(minuteCount: number): [number, number] {
  return [minuteCount - Math.max(PLACES_MIN, minuteCount) - 0.5, minuteCount - 0.5]
}

/** The next even count above: 2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80 and so on by tens. */
export function toCeiling(max: number): number {
  const size = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(max, 1))))
  const steps = size === 1 ? [2, 4, 6, 8, 10] : [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10]
  return (steps.find(step => step * size >= max) ?? 10) * size
}

/**
 * The indices to be named in `width` pixels: those on the round minutes of the zone, as close as
 * there is room for; where fewer than two are round, evenly spaced ones back from the newest.
 */
export function toTicks(view: Pick<BarView, 'data' | 'time'>, width: number): number[] {
  const { minutes } = view.data
  const [first, end] = toPlaces(minutes.length)
  const distanceMin = (LABEL_WIDTH * (end - first)) / Math.max(width, 1)
  const step = TICK_MINUTES.find(size => size >= distanceMin) ?? 60
  const round = minutes.flatMap(({ startMs }, index) =>
    Number(view.time.minute(startMs).slice(-2)) % step === 0 ? [index] : [],
  )
  const last = minutes.length - 1
  const even = minutes.map((_, index) => last - index).filter((_, back) => back % step === 0)
  const wanted = round.length >= 2 ? round.toReversed() : even
  const ticks: number[] = []
  for (const index of wanted) {
    if ((ticks[0] ?? Number.POSITIVE_INFINITY) - index >= distanceMin) ticks.unshift(index)
  }
  return ticks
}

function toTickText(view: BarView, index: number): string {
  const minute = view.data.minutes[index]
  return minute === undefined ? '' : view.time.minute(minute.startMs)
}

function drawBars(plot: uPlot, { view: toView, pointed, color }: BarSettings): void {
  const { ctx } = plot
  const view = toView()
  const place = plot.valToPos(1, 'x', true) - plot.valToPos(0, 'x', true)
  const width = Math.max(1, Math.round(place * BAR_SHARE))
  const colors = view.slots.map(slot => color(`--type-${slot}`))
  ctx.save()
  view.data.minutes.forEach((minute, index) => {
    const center = plot.valToPos(index, 'x', true)
    if (index === pointed()) {
      ctx.fillStyle = color('--sunken')
      ctx.fillRect(center - place / 2, plot.bbox.top, place, plot.bbox.height)
    }
    if (minute.afterGap && index > 0) drawGap(plot, center - place / 2, color('--ink-faint'))
    drawBar(plot, minute, { left: Math.round(center - width / 2), width, colors })
    if (minute.status === 'revised') drawMark(plot, minute, { center, color: color('--warn') })
  })
  ctx.restore()
}

interface BarShape {
  readonly left: number
  readonly width: number
  readonly colors: readonly string[]
}

function drawBar(plot: uPlot, minute: Minute, { left, width, colors }: BarShape): void {
  const { ctx } = plot
  const line = Math.max(1, devicePixelRatio)
  let below = 0
  minute.counts.forEach((count, index) => {
    if (count === 0) return
    const bottom = Math.round(plot.valToPos(below, 'y', true))
    below += count
    const top = Math.round(plot.valToPos(below, 'y', true))
    // A thin gap of the ground tells neighbours apart; a very small part keeps what it has.
    const height = Math.max(bottom - top - (bottom - top > 3 * line ? line : 0), 1)
    ctx.fillStyle = colors[index] ?? 'gray'
    ctx.strokeStyle = ctx.fillStyle
    ctx.lineWidth = line
    const isOpen = minute.status === 'open'
    ctx.globalAlpha = isOpen ? OPEN_ALPHA : 1
    ctx.fillRect(left, bottom - height, width, height)
    ctx.globalAlpha = 1
    if (!isOpen || height < 3 * line) return
    ctx.strokeRect(left + line / 2, bottom - height + line / 2, width - line, height - line)
  })
}

/** A long time without events was left out here. */
function drawGap(plot: uPlot, left: number, color: string): void {
  const { ctx } = plot
  ctx.strokeStyle = color
  ctx.lineWidth = Math.max(1, devicePixelRatio)
  ctx.setLineDash([2, 4].map(size => size * devicePixelRatio))
  ctx.beginPath()
  ctx.moveTo(Math.round(left), plot.bbox.top)
  ctx.lineTo(Math.round(left), plot.bbox.top + plot.bbox.height)
  ctx.stroke()
  ctx.setLineDash([])
}

/** A window that late events changed after it was final. */
function drawMark(
  plot: uPlot,
  minute: Minute,
  { center, color }: { readonly center: number; readonly color: string },
): void {
  const { ctx } = plot
  const radius = 2.5 * devicePixelRatio
  const top = plot.valToPos(minute.total, 'y', true) - 3 * radius
  ctx.fillStyle = color
  ctx.beginPath()
  ctx.arc(center, Math.max(top, radius), radius, 0, 2 * Math.PI)
  ctx.fill()
}
