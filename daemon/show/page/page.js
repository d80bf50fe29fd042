/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the page as the daemon sees things: asks for what changed and replaces only that, so that
 * focus, scroll, what is typed and what is opened stay. Sorting, filtering and turning pages ask the
 * same way. Without this script every link and form still works, by loading a document. */
"use strict";
(() => {
        const EVERY = 5000, HIDDEN = 30000, PATIENCE = 10000; /* milliseconds */
        const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
        const said = document.getElementById("said"), lost = document.getElementById("lost");
        let version = document.body.dataset.version, verdict = document.body.dataset.verdict;
        let asking = null, timer = 0;

        /* "12s", "3m5s", "4h10m", as the daemon writes it. */
        function span(seconds) {
                const units = seconds < 3600 ? ["m", 60, "s", 1] : seconds < 86400 ? ["h", 3600, "m", 60]
                        : ["d", 86400, "h", 3600];
                const large = Math.floor(seconds / units[1]), small = Math.floor(seconds % units[1] / units[3]);
                return (large ? large + units[0] : "") + (small || !large ? small + units[2] : "");
        }

        function tell_times() {
                for (const time of all("time[datetime]")) {
                        const age = Math.round((Date.now() - Date.parse(time.dateTime)) / 1000);
                        const past = time.className === "due" ? "now" : span(age) + " ago";
                        const words = age < 0 ? "in " + span(-age) : past;
                        if (time.textContent !== words)
                                time.textContent = words;
                }
        }

        function parse(html) {
                const template = document.createElement("template");
                template.innerHTML = html;
                return [...template.content.children];
        }

        /* The element stays, for who has it in focus or listens to it; what is in it is new. Where what had
         * the focus has gone, the first one beside it gets it. */
        const FOCUSED = "a,button,input:not([type=hidden]),select,summary";
        function replace(old, fresh) {
                const active = document.activeElement, within = old.contains(active) && old !== active;
                const nth = within ? all(FOCUSED, old).indexOf(active) : -1;
                const open = all("details[open]", old).map(one => one.id);
                for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()]))
                        if (fresh.hasAttribute(name))
                                old.setAttribute(name, fresh.getAttribute(name));
                        else
                                old.removeAttribute(name);
                old.replaceChildren(...fresh.childNodes);
                for (const one of all("details", old))
                        one.open = one.open || (one.id && open.includes(one.id));
                if (nth >= 0)
                        (all(FOCUSED, old)[nth] || old.parentElement.querySelector(FOCUSED))?.focus({preventScroll: true});
        }

        function order(list, keys, fresh) {
                const wanted = new Set(keys);
                const rows = new Map([...list.children].map(one => [one.id, one]));
                const born = parse(keys.filter(key => !rows.has(key)).map(key => fresh[key]).join(""));
                for (const [key, child] of rows)
                        if (!wanted.has(key))
                                child.remove();
                for (const child of born)
                        rows.set(child.id, child);
                let place = list.firstElementChild;
                for (const key of keys) {
                        const child = rows.get(key);
                        if (child === place)
                                place = place.nextElementSibling;
                        else
                                list.insertBefore(child, place);
                }
        }

        /* What the documents of answers say, by the records' ids; it outlasts updates. */
        const words = new Map();
        function key_of(id) {
                return encodeURIComponent(id).replace(
                        /[!'()*]/g, one => "%" + one.charCodeAt(0).toString(16).toUpperCase());
        }

        function tell_words() {
                for (const row of all("#answers tr[data-id]")) {
                        const text = words.get(row.dataset.id), cell = row.querySelector("th");
                        if (text === undefined)
                                continue;
                        if (!cell.querySelector(".words"))
                                cell.append(Object.assign(document.createElement("p"), {className: "words"}));
                        cell.querySelector(".words").textContent = text;
                        for (const kept of all(".kept", cell)) /* when the baseline was recorded */
                                kept.hidden = text.startsWith(kept.textContent.replace(/\s*…$/, ""));
                }
        }

        async function read_words(link) {
                const result = link.parentElement.querySelector("output");
                result.className = "";
                result.textContent = "…";
                try {
                        const answer = await fetch(link.href, {cache: "no-store"}), body = await answer.json();
                        if (!answer.ok)
                                throw new Error(body.error || "driftwatch answered " + answer.status);
                        for (const one of [...body.data.then || [], ...body.data.now || []])
                                words.set(key_of(one.id), !one.there ? "(not in the collection)"
                                        : one.words ?? "(without a document)");
                        result.textContent = "";
                        tell_words();
                } catch (error) {
                        result.className = "fail";
                        result.textContent = error.message;
                }
        }

        function apply(news) {
                for (const [key, html] of Object.entries(news.parts)) {
                        const old = document.getElementById(key);
                        if (old)
                                replace(old, parse(html)[0]);
                }
                for (const [key, list] of Object.entries(news.lists)) {
                        const old = document.getElementById(key);
                        if (!old) /* A table that the document did not have yet: its first row has come. */
                                return location.reload();
                        order(old, list.keys, news.parts);
                        old.dataset.list = list.version;
                }
                version = news.version;
                document.title = news.title;
                if (news.verdict !== verdict)
                        said.textContent = "The verdict is now " + (verdict = news.verdict);
                tell_times();
                tell_words();
        }

        /* Asks what is different from what is here. A newer question supersedes an older one. */
        async function ask(address) {
                const mine = new AbortController(), patience = setTimeout(
                        () => mine.abort(new Error(`no answer within ${PATIENCE / 1000} s`)), PATIENCE);
                asking?.abort();
                asking = mine;
                try {
                        const answer = await fetch(address, {
                                signal: mine.signal, cache: "no-store", headers: {
                                        "If-None-Match": version,
                                        "Driftwatch-Have": all("[data-v],[data-list]").map(
                                                one => one.dataset.v || one.dataset.list).join(" ")}});
                        if (answer.status !== 304 && !answer.ok)
                                throw new Error("driftwatch answered " + answer.status);
                        if (answer.status !== 304) {
                                const news = await answer.json();
                                if (asking === mine)
                                        apply(news);
                        }
                        lost.hidden = true;
                } catch (error) {
                        if (asking === mine) {
                                lost.hidden = false;
                                lost.lastElementChild.textContent = error.message;
                        }
                } finally {
                        clearTimeout(patience);
                        if (asking === mine)
                                asking = null;
                        later();
                }
        }

        function later() {
                clearTimeout(timer);
                timer = setTimeout(() => { tell_times(); ask(location.href); }, document.hidden ? HIDDEN : EVERY);
        }

        /* Fields say what the address says. */
        function show_wanted(fields) {
                const wanted = new URLSearchParams(location.search);
                for (const one of all("form[data-here]").flatMap(form => all(fields, form)))
                        one.value = wanted.get(one.name) || "";
        }

        function go(address, keep) {
                history[keep ? "replaceState" : "pushState"](null, "", address);
                show_wanted("input[type=hidden]");
                return ask(address);
        }

        function filtered(form) {
                const data = new FormData(form);
                for (const [name, value] of [...data])
                        if (!value)
                                data.delete(name);
                return "?" + new URLSearchParams(data);
        }

        /* What is typed into a form about people is theirs for the next time. */
        function remember(form) {
                for (const one of all("[data-keep]", form))
                        localStorage.setItem(one.dataset.keep, one.value);
        }

        async function act(form, button) {
                const result = form.querySelector("output"), data = new URLSearchParams(new FormData(form));
                data.delete("back");
                result.className = "";
                result.textContent = "…";
                try {
                        const answer = await fetch(button?.getAttribute("formaction") || form.action,
                                {method: "POST", body: data});
                        const body = await answer.json();
                        if (!answer.ok)
                                throw new Error(body.error || "driftwatch answered " + answer.status);
                        result.textContent = button?.dataset.done || form.dataset.done;
                        remember(form);
                } catch (error) {
                        result.className = "fail";
                        result.textContent = error.message;
                }
                await ask(location.href);
        }

        document.addEventListener("click", event => {
                const link = event.target.closest("a[data-here],a[data-words]");
                if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0)
                        return;
                event.preventDefault();
                if (link.hasAttribute("data-words"))
                        read_words(link);
                else
                        go(link.href);
        });
        function refine(event) {
                const form = event.target.form;
                if (form?.hasAttribute("data-here") && filtered(form) !== location.search)
                        go(filtered(form), true);
        }
        document.addEventListener("input", refine);
        document.addEventListener("change", refine);
        document.addEventListener("submit", event => {
                const form = event.target;
                if (form.hasAttribute("data-here")) {
                        event.preventDefault(); /* it follows what is typed */
                } else if (form.hasAttribute("data-done")) {
                        event.preventDefault();
                        act(form, event.submitter);
                }
        });
        addEventListener("popstate", () => {
                show_wanted("[name]");
                ask(location.href);
        });
        document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(location.href); });

        for (const one of all("[data-keep]"))
                one.value = one.value || localStorage.getItem(one.dataset.keep) || "";
        document.documentElement.classList.add("live");
        tell_times();
        later();
})();
