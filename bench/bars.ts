import escapeHtml from 'escape-html'

interface Bar {
  label: string
  value: number
}

const WIDTH = 760
const ROW = 30
const LEFT = 230
const TOP = 50

/** Horizontal bars as an SVG on a ground of its own, so that it reads on dark pages too. */
export function plotBars(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), 1)
  const scale = (WIDTH - LEFT - 70) / most
  const rows = bars.map(({ label, value }, index) => {
    const y = TOP + index * ROW
    const width = Math.max(value * scale, 1)
    return [
      `<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${escapeHtml(label)}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="20" rx="2" fill="${value === 0 ? '#2a9d5c' : '#c8553d'}"/>`,
      `<text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 15}">${value.toFixed(1)}</text>`,
    ].join('\n')
  })
  const height = TOP + bars.length * ROW + 10
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>${escapeHtml(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="20" y="28" font-size="16" font-weight="600">${escapeHtml(title)}</text>
${rows.join('\n')}
</svg>
`
}
