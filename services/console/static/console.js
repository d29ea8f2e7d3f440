// The console's own script: keys, selection, menus, the composer, ticking clocks, news of the stream.
// Everything that is shown comes as HTML from the server; words come by data-*, never from here.
(() => {
  const $ = (q, root = document) => root.querySelector(q), $$ = (q, root = document) => [...root.querySelectorAll(q)];
  const root = document.documentElement, words = document.body.dataset;
  const wide = matchMedia('(min-width: 761px)');
  let spoken = 0;
  const say = text => { const now = Date.now(); if (now - spoken < 5000) return; spoken = now; const el = $('#say'); if (el) el.textContent = text; };

  // ------------------------------------------------------------------ what is kept on this device
  const prefs = () => new URLSearchParams((document.cookie.split('; ').find(c => c.startsWith('prefs=')) || 'prefs=').slice(6).replace(/^"|"$/g, ''));
  const keep = (name, value) => { const all = prefs(); all.set(name, value); document.cookie = `prefs=${all}; path=/; max-age=31536000; samesite=lax${location.protocol === 'https:' ? '; secure' : ''}`; };
  if (!prefs().get('zone')) keep('zone', Intl.DateTimeFormat().resolvedOptions().timeZone);
  const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const toggleTheme = () => { root.dataset.theme = isDark() ? 'light' : 'dark'; keep('theme', root.dataset.theme); dispatchEvent(new Event('themechange')); };

  // ------------------------------------------------------------------ a line over the page
  let hiding;
  const toast = (text, bad) => { const el = $('#toast'); if (!el) return; $('span', el).textContent = text; el.classList.toggle('bad', !!bad); el.setAttribute('role', bad ? 'alert' : 'status');
    el.hidden = false; clearTimeout(hiding); hiding = setTimeout(() => { el.hidden = true; }, bad ? 15000 : 6000); };
  addEventListener('toast', e => toast(e.detail.text, e.detail.bad));

  // ------------------------------------------------------------------ clocks, corrected by the server's
  const ahead = Date.parse(words.now) - Date.now();
  const length = seconds => { const s = Math.abs(Math.trunc(seconds)), m = Math.trunc(s / 60), h = Math.trunc(m / 60), d = Math.trunc(h / 24);
    if (s < 60) return `${s} ${words.s}`;
    if (h < 1) return `${m} ${words.min}`;
    if (d < 1) return `${h} ${words.h}` + (m % 60 ? ` ${String(m % 60).padStart(2, '0')} ${words.min}` : '');
    return `${d} ${words.d}` + (h % 24 ? ` ${h % 24} ${words.h}` : ''); };
  const tick = () => { const now = Date.now() + ahead;
    for (const el of $$('[data-clock]')) {
      const left = (Date.parse(el.dateTime) - now) / 1000, late = left <= 0, text = (el.dataset.word ? el.dataset.word + ' ' : '') + (late ? words.late.replace('{}', length(left)) : length(left));
      if (el.textContent !== text) { el.textContent = text; el.classList.toggle('late', late); el.classList.toggle('soon', !late && left <= 3600); }
    } };
  setInterval(() => { if (!document.hidden) tick(); }, 5000);

  // ------------------------------------------------------------------ the list
  const list = () => $('#list'), rows = () => $$('.ticket', list() || undefined).filter(r => r.closest('#list'));
  const current = () => $('.ticket[aria-selected=true]', list() || document.createElement('i'));
  const view = () => new URLSearchParams(location.search).get('view') || 'open';
  const previewUrl = row => `/tickets/${row.dataset.number}/preview?view=${encodeURIComponent(view())}`;
  const drafts = new Map(), ready = new Map();
  const fetchPreview = row => { const url = previewUrl(row);
    if (!ready.has(url)) ready.set(url, { at: Date.now(), text: fetch(url, { headers: { 'HX-Request': 'true', 'HX-Current-URL': location.href } }).then(r => r.ok && !r.redirected ? r.text() : Promise.reject(r)).catch(e => { ready.delete(url); throw e; }) });
    return ready.get(url); };
  const forget = number => { for (const url of ready.keys()) if (!number || url.startsWith(`/tickets/${number}/`)) ready.delete(url); };
  let asked = 0, ahead2;
  const mark = row => { current()?.setAttribute('aria-selected', 'false'); row.setAttribute('aria-selected', 'true'); list().setAttribute('aria-activedescendant', row.id); };
  const select = async (row, { focus = false } = {}) => {
    if (!row) return;
    keepDraft(); mark(row); row.scrollIntoView({ block: 'nearest' }); row.classList.remove('unread');
    if (focus) list().focus({ preventScroll: true });
    const url = new URL(location.href); url.searchParams.set('sel', row.dataset.number); history.replaceState(history.state, '', url);
    const mine = ++asked, kept = fetchPreview(row);
    if (Date.now() - kept.at > 15000) ready.delete(previewUrl(row));
    try {
      const text = await fetchPreview(row).text;
      if (mine !== asked) return;
      await htmx.swap({ text, target: $('#preview'), swap: 'innerHTML', sourceElement: $('#preview') });
      arrived();
    } catch (e) { if (mine !== asked) return; if (e.status === 401) location.reload(); else toast(words.away, true); }
    clearTimeout(ahead2); ahead2 = setTimeout(() => { const all = rows(), at = all.indexOf(current()); all.slice(at + 1, at + 3).forEach(r => fetchPreview(r).text.catch(() => {})); }, 200);
  };
  const step = by => { const all = rows(), at = all.indexOf(current()); if (all.length) return select(all[Math.max(0, Math.min(all.length - 1, at + by))]); };
  const go = by => { if (list()) return step(by); const a = $(by > 0 ? '[data-next][href]' : '[data-previous][href]'); if (a) location.href = a.href; };
  const sizes = () => $$('.part').forEach(p => { const n = $('[data-size]', p); if (n && !n.textContent.endsWith('+')) n.textContent = $$('.ticket', p).length; });

  // ------------------------------------------------------------------ the conversation
  // The newest message stays in sight when the composer grows, unless the reader has scrolled away.
  let tail = true;
  const watcher = new ResizeObserver(() => { const talk = $('#talk'); if (talk && tail) talk.scrollTop = talk.scrollHeight; });
  const measure = frame => { const fit = () => { try { frame.style.height = Math.min(frame.contentDocument.documentElement.scrollHeight + 2, 4000) + 'px'; } catch { /* not ours to measure */ } }; frame.addEventListener('load', fit); fit(); };
  const arrived = () => {
    const talk = $('#talk'); if (!talk) return;
    if (!talk.dataset.seen) { talk.dataset.seen = '1'; tail = true; talk.scrollTop = talk.scrollHeight; watcher.disconnect(); watcher.observe(talk); if ($('#line')) watcher.observe($('#line'));
      talk.addEventListener('scroll', () => { tail = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60; }, { passive: true }); }
    $$('iframe[data-measure]').forEach(f => { if (!f.dataset.measured) { f.dataset.measured = '1'; measure(f); } });
    restoreDraft(); tick();
  };

  // ------------------------------------------------------------------ the composer
  const form = () => $('#composer'), box = () => $('.box', form()), text = () => $('textarea', form());
  const isNote = () => box()?.classList.contains('is-note');
  const draftKey = () => form() && `${form().dataset.number}:${isNote() ? 'note' : 'reply'}`;
  const keepDraft = () => { if (form()) drafts.set(draftKey(), text().value); };
  const restoreDraft = () => { if (form() && !text().value && drafts.get(draftKey())) text().value = drafts.get(draftKey()); };
  const setStatus = (status, shown) => { $('[name=status]', form()).value = status; const b = $('[data-send]', form()); b.textContent = isNote() ? b.dataset.note : status ? b.dataset.with.replace('{}', shown) : b.dataset.plain; };
  const mode = name => { if (!form()) return; keepDraft();
    box().classList.toggle('is-note', name === 'note'); $('[name=kind]', form()).value = name;
    $$('[data-mode]', form()).forEach(b => b.setAttribute('aria-selected', b.dataset.mode === name));
    const to = $('[data-to]', form()); to.dataset.reply ??= to.textContent; to.textContent = name === 'note' ? to.dataset.note : to.dataset.reply;
    text().value = drafts.get(draftKey()) || ''; setStatus('', ''); text().focus(); };
  const macro = n => { const b = form() && $(`[data-macro="${n}"]`, form()); if (!b) return; if (isNote()) mode('reply');
    text().value = b.dataset.text; setStatus(b.dataset.status, b.dataset.shown); text().focus(); text().setSelectionRange(0, 0); };
  let staying = false;
  const send = stay => { const f = form(); if (!f) return; if (!text().value.trim() && !$('[type=file]', f).files.length) return text().focus(); staying = !!stay; f.requestSubmit(); };
  addEventListener('sent', e => { const { number, note } = e.detail, f = form();
    drafts.delete(`${number}:${note ? 'note' : 'reply'}`); forget(number); toast((note ? words.noted : words.sent).replace('{}', number));
    if (f && f.dataset.number === String(number)) { text().value = ''; f.reset(); if (note) mode('reply'); setStatus('', ''); showFiles(); $('#conflict').replaceChildren(); text().blur(); }
    if (note || staying || String(current()?.dataset.number ?? number) !== String(number)) return;
    const next = list() ? rows()[rows().indexOf(current()) + 1] : $('[data-next][href]');
    if (list()) { if (next) select(next, { focus: true }); } else if (next) location.href = next.href; });
  const showFiles = () => { const files = [...$('[type=file]', form()).files], el = $('[data-files]', form()); el.hidden = !files.length; el.textContent = files.map(f => f.name).join(', '); };
  document.addEventListener('change', e => { if (e.target.matches?.('.composer [type=file]')) showFiles(); });
  addEventListener('beforeunload', e => { if (form() && text().value.trim()) { keepDraft(); e.preventDefault(); } });

  // ------------------------------------------------------------------ menus
  // The toggle event comes a task later; who types s and 3 in one breath is faster than that.
  const place = menu => { const by = $$(`[popovertarget="${menu.id}"]`).find(b => b.offsetParent && !b.closest('.menu')) || $(`[popovertarget="${menu.id}"]`);
    const b = by.getBoundingClientRect(), m = menu.getBoundingClientRect(), up = menu.classList.contains('up') || b.bottom + m.height + 6 > innerHeight;
    menu.style.left = Math.max(6, Math.min(b.left, innerWidth - m.width - 6)) + 'px'; menu.style.top = Math.max(6, up ? b.top - m.height - 4 : b.bottom + 4) + 'px';
    ($('input:not([type=hidden])', menu) || $('[aria-current]', menu) || $('button, a', menu))?.focus({ preventScroll: true }); };
  document.addEventListener('toggle', e => { if (e.newState === 'open' && e.target.matches?.('.menu') && !e.target.contains(document.activeElement)) place(e.target); }, true);
  const openMenu = key => { const b = $(`[data-key="${key}"]:not(:disabled)`); if (b) { const menu = $('#' + b.getAttribute('popovertarget')); menu.showPopover(); place(menu); } return !!b; };
  const closeMenus = () => $$('.menu:popover-open').forEach(m => m.hidePopover());
  document.addEventListener('input', e => { if (!e.target.matches?.('[data-sift]')) return; const q = e.target.value.toLowerCase(); $$('.choices button', e.target.parentElement).forEach(b => { b.hidden = !b.textContent.toLowerCase().includes(q); }); });
  const inMenu = e => { const menu = e.target.closest?.('.menu:popover-open'); if (!menu) return false;
    const all = $$('a, button', menu).filter(b => !b.hidden), at = all.indexOf(document.activeElement);
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); all[(at + (e.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length]?.focus(); return true; }
    if (e.key === 'Enter' && e.target.matches('[data-sift]')) { e.preventDefault(); $$('.choices button', menu).find(b => !b.hidden && (e.target.value || b.hasAttribute('aria-current')))?.click(); return true; }
    if (/^[1-9]$/.test(e.key) && !e.target.matches('input')) { const b = $$('button', menu)[e.key - 1]; if (b) { e.preventDefault(); b.click(); } return true; }
    return e.key !== 'Escape'; };

  // ------------------------------------------------------------------ news of the stream
  const arrivals = new Set(); let idle = Date.now();
  ['keydown', 'pointermove', 'scroll'].forEach(n => addEventListener(n, () => { idle = Date.now(); }, { passive: true, capture: true }));
  const plural = new Intl.PluralRules(root.lang), fresh = n => ({ one: words.newOne, few: words.newFew }[plural.select(n)] || words.newMany).replace(/\d+/, n);
  const pill = () => { const el = $('#fresh'); if (!el) return; el.hidden = !arrivals.size; $('span', el).textContent = arrivals.has(0) ? words.freshAll : fresh(arrivals.size); };
  const later = (body, wait) => { let due, last = 0; return () => { if (due) return; due = setTimeout(() => { due = 0; last = Date.now(); body(); }, Math.max(0, last + wait - Date.now())); }; };
  const counts = later(() => { if ($('#views') && !document.hidden) htmx.ajax('GET', `/counts?view=${encodeURIComponent(view())}`, { target: '#views', swap: 'innerMorph', source: $('#views') }); }, 3000);
  const news = later(() => { const head = $('#thead'); if (!head) return;
    htmx.ajax('GET', `/tickets/${head.dataset.number}/news?tab=${head.dataset.tab}`, { source: head, target: '#conflict', swap: 'none' }); const clock = $('#clock'); if (clock) htmx.trigger(clock, 'refresh'); }, 500);
  const refreshList = async () => { if (!list()) return; arrivals.clear(); pill(); const kept = current()?.id;
    await htmx.ajax('GET', location.pathname + location.search, { source: $('#rows'), target: '#rows', swap: 'innerMorph', select: '#list, #more' });
    const row = kept && document.getElementById(kept); if (row) mark(row); sizes(); };
  document.addEventListener('fact', e => { const told = JSON.parse(e.detail.data), row = document.getElementById('t' + told.number), head = $('#thead');
    forget(told.number); counts();
    if (head && +head.dataset.number === told.number && +head.dataset.version < told.version) { news(); say(fresh(1)); }
    if (list() && !row && told.fits) { arrivals.add(told.number); pill(); } });
  const resync = later(() => { forget(); counts(); news(); if (list()) { if (Date.now() - idle > 5000 && !$('#rows').scrollTop) refreshList(); else { arrivals.add(0); pill(); } } }, 1000);
  document.addEventListener('resync', resync);
  setInterval(() => { if (arrivals.size && !document.hidden && Date.now() - idle > 30000 && !$('#rows')?.scrollTop) refreshList(); }, 5000);

  // Without the stream the page asks every 15 s, and says that it is not live.
  const dot = live => { const el = $('#live'); if (!el) return; el.classList.toggle('off', !live); el.textContent = live ? el.dataset.live : el.dataset.off; el.title = live ? '' : words.offline.replace('{}', new Date(Date.now() + ahead).toTimeString().slice(0, 8)); };
  let polling = 0;
  const poll = on => { if (on && !polling) polling = setInterval(() => { if (!document.hidden) { resync(); const el = $('#live'); if (el && !el._htmx?.sse) { el.removeAttribute('data-htmx-powered'); htmx.ajax('GET', el.getAttribute('hx-sse:connect'), { source: el }); } } }, 15000); if (!on) { clearInterval(polling); polling = 0; } };
  document.addEventListener('htmx:sse:after:connection', () => { dot(true); poll(false); });
  ['htmx:sse:error', 'htmx:sse:close'].forEach(n => document.addEventListener(n, () => { if (!document.hidden) { dot(false); poll(true); } }));
  document.addEventListener('htmx:response:error', e => { if (e.target.id === 'live') { dot(false); poll(true); } });
  document.addEventListener('htmx:error', e => { if (e.target.id === 'live') { dot(false); poll(true); } else if (e.detail.ctx?.request?.method === 'POST') toast(words.away, true); });
  document.addEventListener('htmx:after:swap', () => { arrived(); sizes(); if (current()) list().setAttribute('aria-activedescendant', current().id); });
  document.addEventListener('htmx:config:request', e => { if (e.detail.ctx.request.method !== 'GET') e.detail.ctx.request.headers['X-CSRF'] = words.csrf; });
  document.addEventListener('htmx:before:request', e => { if (e.target.id === 'change' || e.target.closest?.('.menu')) closeMenus(); });

  // ------------------------------------------------------------------ find or do
  const palette = $('#palette'), options = () => $$('[role=option]:not([hidden])', palette);
  const pick = at => { const all = options(); all.forEach((o, i) => { o.id = 'o' + i; o.setAttribute('aria-selected', i === at); }); all[at]?.scrollIntoView({ block: 'nearest' }); $('input', palette).setAttribute('aria-activedescendant', all[at] ? all[at].id : ''); };
  const openPalette = () => { if (!palette) return; palette.showModal(); const input = $('input', palette); input.value = ''; $('#found').replaceChildren(); sift(); input.focus(); };
  const sift = () => { const q = $('input', palette).value.toLowerCase(); $$('[role=group]:not(#found) [role=option]', palette).forEach(o => { o.hidden = !o.textContent.toLowerCase().includes(q); }); pick(0); };
  const run = o => { palette.close(); if (o.dataset.go) location.href = o.dataset.go; else if (o.dataset.do === 'theme') toggleTheme(); else if (o.dataset.do === 'keys') $('#keys').showModal(); else KEYS[o.dataset.press]?.(); };
  palette?.addEventListener('input', sift);
  palette?.addEventListener('htmx:after:swap', () => pick(0));
  palette?.addEventListener('keydown', e => { const all = options(), at = all.findIndex(o => o.getAttribute('aria-selected') === 'true');
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); pick((at + (e.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length); }
    if (e.key === 'Enter' && all[at]) { e.preventDefault(); run(all[at]); } });
  palette?.addEventListener('click', e => { const o = e.target.closest('[role=option]'); if (o) run(o); else if (e.target === palette) palette.close(); });

  // ------------------------------------------------------------------ clicks
  document.addEventListener('click', e => {
    const row = e.target.closest('.ticket');
    if (row && list() && wide.matches && !e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); select(row); return; }
    const b = e.target.closest('button, a'); if (!b) return;
    const data = b.dataset;
    if (data.open === 'palette') openPalette();
    if ('themeToggle' in data) toggleTheme();
    if ('side' in data) $('.app').classList.toggle('shows-side');
    if ('fresh' in data) { refreshList(); $('#rows').scrollTo({ top: 0 }); }
    if ('dismiss' in data) $('#toast').hidden = true;
    if ('reload' in data) location.reload();
    if ('search' in data) searchHere();
    if ('closeClash' in data) $('#conflict').replaceChildren();
    if ('anyway' in data) sendAnyway();
    if (data.macro) macro(data.macro);
    if (data.mode) mode(data.mode);
    if (data.status !== undefined && b.closest('#menu-send')) { setStatus(data.status, data.shown); closeMenus(); text().focus(); }
    if ('once' in data && b.getAttribute('aria-expanded') === 'true') { e.preventDefault(); e.stopImmediatePropagation(); const r = b.closest('.fact').nextElementSibling; if (r?.matches('.reason')) r.remove(); b.setAttribute('aria-expanded', 'false'); }
    else if ('once' in data) b.setAttribute('aria-expanded', 'true');
  }, true);
  const sendAnyway = () => { const f = form(); if (!f) return; const go = Object.assign(document.createElement('input'), { type: 'hidden', name: 'anyway', value: '1' }); f.append(go); f.requestSubmit(); go.remove(); };
  const searchHere = () => { const s = $('form.search'); if (!s) return openPalette(); s.hidden = false; const i = $('input[type=search]', s); i.focus(); i.select(); };

  // ------------------------------------------------------------------ keys
  // A Cyrillic layout must not silence the keys: a Latin letter is taken as it is, anything else by its place on the board.
  const latin = e => /^[a-z0-9?/.[]$/i.test(e.key) && !(e.code === 'Slash' && e.key === '.') ? e.key : /^Key/.test(e.code) ? (e.shiftKey ? e.code[3] : e.code[3].toLowerCase()) : e.code === 'Slash' ? (e.shiftKey ? '?' : '/') : e.code === 'Period' ? '.' : e.code === 'BracketLeft' ? '[' : e.key;
  const GO = { i: '/tickets', b: '/board', r: '/rules', s: '/sla/at-risk', c: '/channels', q: '/quarantine', l: '/ledger' };
  const KEYS = { j: () => go(1), k: () => go(-1), ArrowDown: () => list() && go(1), ArrowUp: () => list() && go(-1), r: () => mode('reply'), n: () => mode('note'), 1: () => macro(1), 2: () => macro(2), 3: () => macro(3),
    s: () => openMenu('s'), p: () => openMenu('p'), a: () => openMenu('a'), t: () => openMenu('t'), i: () => $('[data-take]')?.click(), M: () => { const to = $('[data-merge]'); if (to) location.href = to.href; },
    '/': searchHere, '?': () => $('#keys')?.showModal(), '.': () => { if (arrivals.size) refreshList(); }, '[': () => $('.app').classList.toggle('has-rail'),
    f: () => $('[data-freeze]')?.click(), Enter: () => { const row = current(); if (row) location.href = row.href; } };
  let going = 0;
  document.addEventListener('keydown', e => {
    if (e.isComposing) return;
    if ((e.ctrlKey || e.metaKey) && latin(e).toLowerCase() === 'k') { e.preventDefault(); if (!palette?.open) openPalette(); return; }
    if ((e.ctrlKey || e.metaKey) && e.key === 'Enter' && form()) { e.preventDefault(); if ($('#conflict [data-anyway]')) sendAnyway(); else send(e.shiftKey); return; }
    if ($('dialog[open]')) return;
    if (inMenu(e)) return;
    if (e.key === 'Escape') { if (document.activeElement !== document.body && document.activeElement?.matches('input, textarea')) document.activeElement.blur(); else if ($('[data-back]')) location.href = $('[data-back]').href; $('.app')?.classList.remove('shows-side'); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || words.keys === '0' || e.target.matches?.('input, textarea, select, iframe')) return;
    const key = latin(e);
    if (going) { clearTimeout(going); going = 0; if (GO[key]) { e.preventDefault(); location.href = GO[key]; } return; }
    if (key === 'g') { going = setTimeout(() => { going = 0; }, 1200); return; }
    const act = KEYS[key]; if (!act) return;
    if ((key === 'Enter' || key.startsWith('Arrow')) && e.target !== list() && e.target !== document.body) return;
    e.preventDefault(); act();
  });

  arrived(); tick();
})();
