/** What the drawing of any chart asks of the canvas it is on. */
export interface PlotSettings {
  /** Index of the place that is pointed at; null: none. */
  readonly pointed: () => number | null
  readonly point: (index: number | null) => void
  /** Resolves a custom property to a colour. */
  readonly color: (property: string) => string
  /** Of the axes, as a canvas takes it. */
  readonly font: string
}
