"""The pages of Sharpcast: plain HTML, CSS and ES modules, served as they are.

`*.html` are the pages, `css/` their styles, `js/pages/` one entry module each.
`js/net/` speaks WHIP, WHEP and the JSON API and never touches the document; `js/media/` matches
frames, captures and counts; `js/ui/` holds the parts that pages share. `texts/` has the sentences
of the pages in other languages.

Nothing here is built, nothing is loaded from another host, and no page has inline script or style.
Open `js/pages/watch.js` first.
"""
