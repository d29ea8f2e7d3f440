// The board's charts, and its asking every 15 s. The numbers come with the page, in data-series.
(() => {
  const probe = document.body.appendChild(document.createElement('i')); probe.hidden = true;
  // light-dark() is resolved by the browser only on a real property, so a probe reads each role.
  const role = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const board = document.getElementById('board'), live = document.getElementById('board-live'), freeze = document.querySelector('[data-freeze]');
  const plots = [];
  const draw = () => {
    plots.splice(0).forEach(p => p.destroy());
    const kept = document.getElementById('series'); if (!kept || !kept.dataset.series) return;
    const s = JSON.parse(kept.dataset.series), ink = role('--text-3'), grid = role('--line'), font = '11px Inter, sans-serif';
    const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: kept.dataset.zone });
    const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const clock = (_, ticks) => ticks.map(t => time.format(t * 1000));
    const chart = (id, series, data, y, scale) => {
      const el = document.getElementById(id);
      plots.push(new uPlot({ width: el.clientWidth - 12, height: 196, padding: [12, 8, 0, 0], legend: { show: false }, cursor: { sync: { key: 'board' }, y: false, points: { size: 6 } },
        scales: { x: { time: true }, y: scale }, axes: [{ ...axis, size: 22, space: 70, values: clock, grid: { show: false } }, { ...axis, size: 46, space: 28, ...y }], series: [{}, ...series] }, [s.at, ...data], el));
    };
    // A minute between two silent ones has no line to stand on: it is shown as a point.
    const alone = (u, i) => u.data[i].map((v, at) => v != null && u.data[i][at - 1] == null && u.data[i][at + 1] == null ? at : -1).filter(at => at >= 0);
    const line = (stroke, more) => ({ stroke, width: 1.5, points: { show: true, size: 5, filter: alone }, ...more });
    const top = Math.max(1, ...s.arrived, ...s.completed);
    chart('flow', [line(role('--text')), line(role('--accent'))], [s.arrived, s.completed], {}, { range: [0, Math.ceil(top * 1.15)] });
    const some = [...s.p50, ...s.p99].filter(v => v > 0), low = Math.min(0.01, ...some), high = Math.max(1, ...some) * 1.5;
    // A logarithm knows no zero: a minute without a message is a gap.
    const seen = values => values.map(v => v > 0 ? v : null);
    chart('latency', [line(ink, { dash: [2, 3] }), line(role('--text-2'), { dash: [6, 4] }), line(role('--orange'), { width: 2 })], [seen(s.p50), seen(s.p95), seen(s.p99)],
      { values: (_, t) => t.map(v => v == null ? '' : v >= 1 ? v + ' s' : Math.round(v * 1000) + ' ms'), splits: () => [0.01, 0.1, 1, 10, 100, 1000].filter(v => v >= low * 0.9 && v <= high), filter: null }, { distr: 3, range: [low * 0.8, high] });
  };

  const frozen = () => freeze?.getAttribute('aria-pressed') === 'true';
  const show = off => { live.classList.toggle('off', off); live.textContent = off ? live.dataset.off : live.dataset.live; };
  const ask = async () => {
    if (frozen() || document.hidden) return;
    try { await htmx.ajax('GET', board.dataset.url, { source: board, target: '#board', swap: 'innerMorph', select: '#board > *' }); show(false); draw(); } catch { show(true); }
  };
  freeze?.addEventListener('click', () => {
    const on = !frozen(); freeze.setAttribute('aria-pressed', on); show(on);
    const url = new URL(location.href); if (on) url.searchParams.set('end', freeze.dataset.end); else url.searchParams.delete('end');
    history.replaceState(history.state, '', url); if (!on) ask();
  });
  document.addEventListener('htmx:error', () => show(true));
  setInterval(ask, 15000);
  draw();
  addEventListener('themechange', draw); addEventListener('resize', draw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
})();
