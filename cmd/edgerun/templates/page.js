(function () {
  'use strict';
  var all = function (q, e) { return Array.prototype.slice.call((e || document).querySelectorAll(q)); };
  document.documentElement.classList.add('js');

  // Tooltips: the <title> of a picture's part becomes a card. Its first line is
  // the heading, the others are "key: value".
  var card = document.createElement('aside');
  card.id = 'card';
  card.hidden = true;
  document.body.appendChild(card);
  var current = null, pinned = false;

  function tipOf(el) {
    if (el._tip === undefined) {
      var t = el.querySelector('title');
      el._tip = t ? t.textContent : '';
      if (t) t.remove(); // or the browser shows it as well
    }
    return el._tip;
  }
  function edges(el, on) {
    if (!el || !el.dataset.n) return;
    all('.e[data-a="' + el.dataset.n + '"],.e[data-b="' + el.dataset.n + '"]').forEach(function (p) { p.classList.toggle('on', on); });
  }
  function show(el) {
    hide();
    current = el;
    el.classList.add('hit');
    edges(el, true);
    card.textContent = '';
    var last = '';
    tipOf(el).split('\n').forEach(function (line, i) {
      if (i === 0) {
        var b = document.createElement('b');
        b.textContent = line;
        card.appendChild(b);
        return;
      }
      var at = line.indexOf(': '), row = document.createElement('div'), k = document.createElement('i'), v = document.createElement('span');
      var key = at < 0 ? '' : line.slice(0, at);
      k.textContent = key === last ? '' : key;
      last = key;
      v.textContent = at < 0 ? line : line.slice(at + 2);
      row.appendChild(k);
      row.appendChild(v);
      card.appendChild(row);
    });
    card.hidden = false;
  }
  function hide() {
    if (current) {
      current.classList.remove('hit');
      edges(current, false);
    }
    current = null;
    pinned = false;
    card.classList.remove('pin');
    card.hidden = true;
  }
  function place(e) {
    var w = card.offsetWidth, h = card.offsetHeight, x = e.clientX + 16, y = e.clientY + 16;
    if (x + w > innerWidth - 8) x = Math.max(8, e.clientX - w - 16);
    if (y + h > innerHeight - 8) y = Math.max(8, innerHeight - h - 8);
    card.style.left = x + 'px';
    card.style.top = y + 'px';
  }
  document.addEventListener('pointermove', function (e) {
    if (e.pointerType === 'touch' || pinned) return;
    var el = e.target.closest && e.target.closest('.tip');
    if (el !== current) {
      if (el) show(el); else hide();
    }
    if (el) place(e);
  });
  document.addEventListener('click', function (e) {
    if (card.contains(e.target)) return;
    var el = e.target.closest && e.target.closest('.tip');
    if (!el || (pinned && el === current)) { hide(); return; }
    show(el);
    place(e);
    pinned = true;
    card.classList.add('pin');
  });
  document.addEventListener('keydown', function (e) { if (e.key === 'Escape') hide(); });

  // Tables sort by any column; numbers largest first.
  all('table.sort').forEach(function (table) {
    var body = table.tBodies[0], rows = all('tr', body);
    all('thead th', table).forEach(function (th, col) {
      if (!th.textContent || th.dataset.s === 'no') return;
      var b = document.createElement('button');
      b.type = 'button';
      b.textContent = th.textContent;
      th.textContent = '';
      th.appendChild(b);
      b.addEventListener('click', function () {
        var was = th.getAttribute('aria-sort');
        var numbers = rows.some(function (r) { return r.cells[col].dataset.v !== undefined; });
        var dir = was ? (was === 'ascending' ? -1 : 1) : (numbers && th.dataset.s !== 'up' ? -1 : 1);
        all('thead th', table).forEach(function (t) { t.removeAttribute('aria-sort'); });
        th.setAttribute('aria-sort', dir > 0 ? 'ascending' : 'descending');
        rows.map(function (r, i) {
          var c = r.cells[col];
          return { r: r, i: i, v: numbers ? (c.dataset.v === undefined ? NaN : +c.dataset.v) : c.textContent };
        }).sort(function (a, b) {
          var d;
          if (numbers) {
            if (isNaN(a.v) || isNaN(b.v)) d = dir * ((isNaN(a.v) ? 1 : 0) - (isNaN(b.v) ? 1 : 0)); // unknown last
            else d = a.v < b.v ? -1 : a.v > b.v ? 1 : 0;
          } else d = a.v.localeCompare(b.v, undefined, { numeric: true });
          return dir * d || a.i - b.i;
        }).forEach(function (x) { body.appendChild(x.r); });
      });
    });
  });

  // Labels that do not fit their box go away.
  function fit() {
    all('.fit').forEach(function (t) {
      var room = t.parentNode.querySelector('rect').getBoundingClientRect().width - 8, more = t.querySelector('.more');
      t.style.display = '';
      if (more) more.style.display = '';
      if (t.getBBox().width <= room) return;
      if (more) {
        more.style.display = 'none';
        if (t.getBBox().width <= room) return;
      }
      t.style.display = 'none';
    });
    // Numbers on an axis make room for each other.
    all('.thin').forEach(function (g) {
      var end = -1e9;
      all('text', g).forEach(function (t) {
        t.style.display = '';
        var r = t.getBoundingClientRect();
        if (r.left < end + 8) t.style.display = 'none'; else end = r.right;
      });
    });
  }
  var timer;
  addEventListener('resize', function () { clearTimeout(timer); timer = setTimeout(fit, 120); });
  fit();

  addEventListener('beforeprint', function () { all('details').forEach(function (d) { d.open = true; }); });

  // The graph: smaller, larger, all of it.
  all('.tools').forEach(function (tools) {
    tools.hidden = false;
    var frame = document.getElementById(tools.dataset.frame), inner = frame.firstElementChild, z = 1;
    function zoom(v) { z = Math.min(2, Math.max(0.1, v)); inner.style.zoom = z; }
    var act = {
      out: function () { zoom(z / 1.25); },
      in: function () { zoom(z * 1.25); },
      fit: function () { zoom(Math.min(1, (frame.clientWidth - 2) / +frame.dataset.w)); },
      one: function () { zoom(1); },
      all: function (b) { b.textContent = frame.classList.toggle('all') ? 'in a frame' : 'full height'; }
    };
    all('button', tools).forEach(function (b) { b.addEventListener('click', function () { act[b.dataset.do](b); }); });
    if (frame.scrollHeight <= frame.clientHeight + 1) all('[data-do=all]', tools)[0].hidden = true;
  });
})();
