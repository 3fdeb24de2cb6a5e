// Sends a picture in pieces, each again until it has arrived, and goes on where it broke off: also after the page was
// closed, once the same file is chosen again. Without this script the form sends it whole.
(() => {
    'use strict';
    const PIECE = 256 * 1024, PATIENCE = 60000, TRIES = 8, SOON = 3000, LATER = 20000;
    const form = document.getElementById('send');
    const [field, button, stop, box, bar, told, trouble, list, news] = ['picture', 'send-button', 'send-stop', 'sending',
        'sent', 'sent-told', 'send-trouble', 'list', 'news'].map((id) => document.getElementById(id));
    const title = document.title;
    let sending = null;

    const say = (text) => { if (told.textContent !== text) told.textContent = text; };
    const complain = (text) => {
        trouble.hidden = !text;
        trouble.textContent = text || '';
    };
    const show = (busy) => {
        box.hidden = !busy;
        stop.hidden = !busy;
        button.disabled = busy;
        field.disabled = busy;
    };
    const pause = (milliseconds) => new Promise((go) => {
        const timer = setTimeout(go, milliseconds);
        addEventListener('online', () => { clearTimeout(timer); go(); }, {once: true});
    });

    const ask = async (address, options = {}) => {
        const patience = AbortSignal.timeout(PATIENCE);
        const signal = sending ? AbortSignal.any([sending.signal, patience]) : patience;
        const answer = await fetch(address, {
            ...options, signal, headers: {Accept: 'application/json', 'X-Glaze-Form': form.dataset.csrf, ...options.headers},
        });
        if (answer.status === 401 || answer.status === 403 || answer.redirected) location.reload();
        // What a busy server or a proxy on the way says passes.
        if (answer.status >= 500 && answer.status !== 507) throw new TypeError(answer.status);
        const said = await answer.json();
        if (said.key === 'too_fast') throw new TypeError(said.key);
        return [answer.status, said];
    };
    // Again and again, with longer and longer pauses; what was stopped by the artist is over at once.
    const insist = async (address, options) => {
        for (let tries = 0; ; tries += 1) {
            try {
                return await ask(address, options);
            } catch (fault) {
                if (sending?.signal.aborted || tries >= TRIES) throw fault;
                say(form.dataset.waiting);
                await pause(Math.min(1000 * 2 ** tries, 30000));
            }
        }
    };

    const key = (file) => `glaze-upload ${file.name} ${file.size} ${file.lastModified}`;
    const recall = (file) => { try { return localStorage.getItem(key(file)); } catch { return null; } };
    const remember = (file, id) => {
        try { id ? localStorage.setItem(key(file), id) : localStorage.removeItem(key(file)); } catch { /* private */ }
    };

    const begin = async (file) => {
        const known = recall(file);
        if (known) {
            const [status, found] = await insist(`/studio/upload/${known}`);
            if (status === 200) return [known, found.received];
            remember(file, null);
        }
        const [status, made] = await insist('/studio/upload/begin', {
            method: 'POST', headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({name: file.name, size: file.size}),
        });
        if (status !== 200) throw new Error(made.error);
        remember(file, made.id);
        return [made.id, 0];
    };
    const send = async (file) => {
        let [id, at] = await begin(file);
        while (at < file.size) {
            bar.value = 100 * at / file.size;
            say(form.dataset.progress.replace('{percent}', Math.floor(bar.value)));
            const [status, answer] = await insist(`/studio/upload/${id}?at=${at}`, {
                method: 'POST', headers: {'Content-Type': 'application/octet-stream'}, body: file.slice(at, at + PIECE),
            });
            // 409: a piece had arrived whose answer did not.
            if (status !== 200 && status !== 409) throw new Error(answer.error);
            at = answer.received;
        }
        bar.value = 100;
        say(form.dataset.opening);
        const chosen = new FormData(form);
        const [status, answer] = await insist(`/studio/upload/${id}/done`, {
            method: 'POST', headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({intensity: chosen.get('intensity'), render: chosen.get('render')}),
        });
        // Of one that is handed in already nothing is left to be found: the answer to that was lost.
        if (status === 200 || status === 404 || answer.key?.startsWith?.('upload')) remember(file, null);
        if (status !== 200 && status !== 404) throw new Error(answer.error);
    };
    // A photo as an iPhone keeps it: an ISO media file of one of these brands.
    const isHeic = async (file) => {
        const start = new TextDecoder('latin1').decode(await file.slice(0, 64).arrayBuffer());
        return start.slice(4, 8) === 'ftyp' && /hei[cxms]|hevc|mif1/.test(start) && !/avif/.test(start);
    };

    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        const [file] = field.files;
        if (!file || sending) return;
        complain('');
        if (await isHeic(file)) { complain(form.dataset.heic); return; }
        if (file.size > form.dataset.most * 1e6) { complain(form.dataset.large.replace('{most}', form.dataset.most)); return; }
        sending = new AbortController();
        show(true);
        try {
            await send(file);
            form.reset();
            await look();
            list.querySelector('a, button')?.focus({preventScroll: true});
            list.scrollIntoView({block: 'nearest'});
        } catch (fault) {
            // Of what was stopped there is nothing to say; a network's fault is told in our words.
            if (!sending.signal.aborted) complain(fault instanceof TypeError || fault instanceof DOMException ? form.dataset.broke : fault.message);
        } finally {
            sending = null;
            show(false);
            say('');
        }
    });
    stop.addEventListener('click', () => sending?.abort());
    addEventListener('beforeunload', (event) => { if (sending) event.preventDefault(); });

    const states = () => new Map([...list.querySelectorAll('[data-job]')].map((one) => [one.dataset.job, one.dataset]));
    const canShare = () => {
        try { return navigator.canShare?.({files: [new File([''], 'a.png', {type: 'image/png'})]}) ?? false; } catch { return false; }
    };
    const offer = () => { if (canShare()) list.querySelectorAll('.share').forEach((one) => { one.hidden = false; }); };
    const look = async () => {
        let answer;
        try {
            answer = await fetch(`${list.dataset.page}?part=list`, {signal: AbortSignal.timeout(PATIENCE)});
        } catch { return; }
        if (answer.redirected || !answer.ok) return;
        const html = await answer.text();
        if (html === look.last) return;
        look.last = html;
        const before = states(), held = document.activeElement?.closest?.('[data-job]')?.dataset.job;
        const spot = held && document.activeElement.getAttribute('aria-label');
        list.innerHTML = html;
        offer();
        if (held) {
            const item = list.querySelector(`[data-job="${held}"]`);
            const same = item && [...item.querySelectorAll('a, button')].find((one) => one.getAttribute('aria-label') === spot);
            (same ?? item?.querySelector('a, button'))?.focus({preventScroll: true});
        }
        const ended = [...states()].filter(([id, now]) => now.told && before.has(id) && before.get(id).state !== now.state);
        if (ended.length) {
            news.textContent = ended.map(([, now]) => now.told).join(' ');
            if (document.hidden) document.title = `✓ ${title}`;
        }
    };
    const watch = async () => {
        const waits = list.querySelector('[data-state="queued"], [data-state="running"]');
        await new Promise((go) => setTimeout(go, waits ? SOON : LATER));
        await look();
        watch();
    };
    document.addEventListener('visibilitychange', () => { if (!document.hidden) { document.title = title; look(); } });
    list.addEventListener('click', async (event) => {
        const one = event.target.closest('.share');
        if (!one) return;
        one.disabled = true;
        try {
            // A browser may share only at once after a press: where fetching took too long, the next press does it.
            one.picture ??= await (await fetch(one.dataset.address)).blob();
            await navigator.share({files: [new File([one.picture], one.dataset.name, {type: 'image/png'})]});
        } catch { /* not shared after all */ } finally { one.disabled = false; }
    });
    offer();
    watch();
})();
