/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The status page's style sheet, inline because the page must need nothing else. Colours are
 * declared once for light and once for dark; an outcome is always also a word. */

/* Colours, fonts and what holds for every page of ours. */
#define STYLE_BASE \
        ":root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--line:#dfe3e8;" \
        "--soft:#eef1f4;--text:#1b2430;--muted:#5b6776;--link:#0b5cad;--pass:#18794e;" \
        "--drift:#9a6700;--fail:#c4262e;--unmeasured:#66707d;--band:#3565b5;" \
        "--shadow:0 1px 2px rgb(20 30 45/.06)}@media(prefers-color-scheme:dark){:root{" \
        "--page:#10151c;--card:#18202a;--line:#2b3644;--soft:#212b37;--text:#e4e9f0;" \
        "--muted:#9aa7b6;--link:#78b4ff;--pass:#4cc38a;--drift:#e2b13c;--fail:#ff7b7f;" \
        "--unmeasured:#94a1b0;--band:#7aa7f0;--shadow:none}}*{box-sizing:border-box}body{" \
        "margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui," \
        "-apple-system,\"Segoe UI\",Roboto,\"Liberation Sans\",\"DejaVu Sans\",sans-serif}" \
        "header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}a{" \
        "color:var(--link)}a:focus-visible,[tabindex]:focus-visible{" \
        "outline:2px solid var(--link);outline-offset:2px}"

static const char page_style[] = STYLE_BASE
        ".top{display:flex;flex-wrap:wrap;"
        "align-items:baseline;gap:.25rem 1rem;padding-top:1.25rem}h1{font-size:1.2rem;margin:0;"
        "letter-spacing:-.01em}h2{font-size:1.15rem;margin:0;overflow-wrap:anywhere}h3{"
        "font-size:.95rem;margin:0}p{margin:0}.muted,.top p{color:var(--muted);"
        "font-size:.87rem}.verdict{display:flex;flex-wrap:wrap;align-items:center;"
        "gap:.25rem .9rem;margin:.75rem 0 1rem;padding:.9rem 1.1rem;"
        "border:1px solid var(--line);border-left:6px solid var(--tone);border-radius:10px;"
        "background:var(--card);box-shadow:var(--shadow)}.verdict strong{font-size:1.35rem;"
        "line-height:1.2;color:var(--tone)}.pass{--tone:var(--pass)}.drift,.pending{"
        "--tone:var(--drift)}.fail,.firing{--tone:var(--fail)}.unmeasured,.unjudged,.resolved{"
        "--tone:var(--unmeasured)}.tiles{display:grid;grid-template-columns:repeat(auto-fit,"
        "minmax(9.5rem,1fr));gap:.75rem;margin:0 0 1rem}.tiles div,section{"
        "border:1px solid var(--line);border-radius:10px;background:var(--card);"
        "box-shadow:var(--shadow)}.tiles div{padding:.6rem 1rem .7rem;display:flex;"
        "flex-direction:column}dt{color:var(--muted);font-size:.8rem}dd{margin:0;"
        "overflow-wrap:anywhere}.tiles dd{font-size:1.3rem;font-weight:600;line-height:1.3;"
        "font-variant-numeric:tabular-nums}.tiles small{font-size:.8rem;font-weight:400;"
        "color:var(--muted)}section{margin:0 0 1.25rem;padding:1rem 1.1rem 1.1rem}.title{"
        "display:flex;flex-wrap:wrap;align-items:center;gap:.2rem .75rem}.facts{display:grid;"
        "grid-template-columns:repeat(auto-fill,minmax(8.6rem,1fr));gap:.5rem 1.25rem;"
        "margin:.8rem 0}.badge{display:inline-block;padding:.05rem .55rem;"
        "border:1px solid var(--tone);border-radius:99px;color:var(--tone);font-size:.8rem;"
        "font-weight:600;white-space:nowrap}tr.fail .badge,tr.firing .badge,.badge.fail{"
        "background:var(--tone);color:var(--card)}.note{margin:.75rem 0;padding:.55rem .8rem;"
        "border-left:4px solid var(--tone);border-radius:4px;background:var(--soft);"
        "overflow-wrap:anywhere}.incident ul{display:block;list-style:disc;margin:.25rem 0 .5rem;"
        "padding-left:1.2rem;font-size:inherit}.incident ul+p,.incident p+p{margin-top:.5rem}.incident p{white-space:pre-line}.incident h3{margin:0 0 .3rem}.incident h3 small{"
        "font-weight:400;color:var(--muted);margin-left:.6rem}.bars{display:grid;grid-template-columns:repeat(auto-fit,"
        "minmax(17rem,1fr));gap:.75rem 2rem;margin:.9rem 0 1rem}.bar{display:block;width:100%;"
        "height:12px;margin:.3rem 0;border-radius:6px;background:var(--soft)}rect{"
        "fill:var(--tone)}.band{--tone:var(--band)}ul{list-style:none;margin:0;padding:0;"
        "display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.85rem}.key{width:.7rem;"
        "height:.7rem;border-radius:3px;margin-right:.35rem}.scroll{overflow-x:auto}table{"
        "width:100%;border-collapse:collapse;font-size:.9rem}caption{text-align:left;"
        "font-weight:600;padding:0 0 .35rem}th,td{text-align:left;vertical-align:top;"
        "padding:.5rem .75rem .5rem 0;border-top:1px solid var(--line)}thead th{"
        "color:var(--muted);font-size:.8rem;font-weight:500;border-top:0;white-space:nowrap}"
        "tbody th{font-weight:400;width:50%;min-width:16rem;overflow-wrap:anywhere}td.n{"
        "white-space:nowrap;font-variant-numeric:tabular-nums}b{font-weight:600}tbody b{"
        "margin-right:.4rem}i{font-style:normal;display:inline-block;margin-right:.35rem;"
        "padding:0 .45rem;border-radius:4px;background:var(--soft);color:var(--muted);"
        "font-size:.78rem}tbody p{color:var(--muted)}tbody p.why{color:var(--tone)}td small{"
        "white-space:nowrap}td small,dd small{display:block;color:var(--muted);font-size:.8rem}"
        ".tiles dd small{display:inline;margin-left:.4rem}path{fill:none;stroke:var(--muted);"
        "stroke-width:3;stroke-linejoin:round;stroke-linecap:round}circle{fill:var(--tone)}"
        ".line{display:block;width:120px;height:28px;overflow:visible}footer{display:flex;"
        "flex-wrap:wrap;gap:.3rem 1.25rem;padding-bottom:2rem;color:var(--muted);"
        "font-size:.87rem}@media(max-width:44rem){section{padding:.9rem .8rem}header,main,"
        "footer{padding-left:.8rem;padding-right:.8rem}thead{position:absolute;width:1px;"
        "height:1px;overflow:hidden;clip-path:inset(50%)}tbody tr{display:flex;flex-wrap:wrap;"
        "gap:.1rem 1.1rem;padding:.6rem 0;border-top:1px solid var(--line)}tbody th{"
        "flex:1 0 100%;width:auto;min-width:0}th,td{border:0;padding:0}td small{display:inline;"
        "margin-left:.35rem}td::before{color:var(--muted);font-size:.8rem}"
        ".q td:nth-child(3)::before{content:\"band \"}.q td:nth-child(4)::before{"
        "content:\"distance \"}.q td:nth-child(5)::before{content:\"expected \"}"
        ".a td:nth-child(3)::before{content:\"severity \"}.a td:nth-child(4)::before{"
        "content:\"since \"}.d td:nth-child(3)::before{content:\"notifications \"}"
        ".d td:nth-child(4)::before{content:\"not delivered \"}.d td:nth-child(5)::before{"
        "content:\"queued \"}}";
