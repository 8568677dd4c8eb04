// What a circuit need not be asked for: copying, the folded navigation of a phone, reloading, and giving the focus back.
(() => {
  'use strict';

  const announce = text => {
    const region = document.querySelector('[data-toaster]') ?? document.body.appendChild(Object.assign(document.createElement('div'), { className: 'toaster' }));
    region.setAttribute('role', 'status');
    const toast = Object.assign(document.createElement('div'), { className: 'toast', textContent: text });
    region.append(toast);
    setTimeout(() => toast.remove(), 3000);
  };

  const copy = async text => {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Over plain http to another machine there is no clipboard object.
    const area = document.body.appendChild(document.createElement('textarea'));
    area.value = text;
    area.className = 'sr-only';
    area.select();
    document.execCommand('copy');
    area.remove();
  };

  const fold = open => {
    const toggle = document.querySelector('[data-nav-toggle]');
    toggle?.setAttribute('aria-expanded', String(open));
    document.querySelector('.shell')?.classList.toggle('nav-open', open);
  };

  document.addEventListener('click', event => {
    const target = event.target instanceof Element ? event.target : null;
    const copied = target?.closest('[data-copy]');
    if (copied) {
      copy(copied.getAttribute('data-copy')).then(() => announce('Copied'), () => announce('The browser did not allow copying'));
      return;
    }
    const toggle = target?.closest('[data-nav-toggle]');
    if (toggle) {
      fold(toggle.getAttribute('aria-expanded') !== 'true');
      return;
    }
    if (target?.closest('.nav-link') || !target?.closest('.sidebar')) {
      fold(false);
    }
    if (target?.closest('.skip-link')) {
      // A circuit scrolls to the place and leaves the focus behind; who uses the link wants the focus.
      setTimeout(() => document.getElementById('content')?.focus(), 50);
    }
    if (target?.closest('[data-reload]')) {
      location.reload();
    }
  });

  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && document.querySelector('.shell.nav-open')) {
      fold(false);
      document.querySelector('[data-nav-toggle]')?.focus();
    }
  });
})();
