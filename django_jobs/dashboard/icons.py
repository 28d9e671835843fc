"""The dashboard's icons, as SVG paths on a grid of 24."""

from __future__ import annotations

ICONS = {
    "alert": "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2",
    "back": "m14.5 6-6 6 6 6",
    "batches": "M4 8h11v12H4zM8 8V4h12v12h-5",
    "bin": "M4 7h16M10 7V4h4v3M6.5 7l.8 13h9.4l.8-13",
    "brand": "M4 6.5h10M4 12h16M4 17.5h7M17.5 4v5M14.5 15v5",
    "cancel": "M5.6 5.6l12.8 12.8M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
    "check": "m5 12.5 4.5 4.5L19 7.5",
    "clock": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
    "copy": "M9 9h11v11H9zM15 9V4H4v11h5",
    "cross": "m6 6 12 12M18 6 6 18",
    "down": "m6 9.5 6 6 6-6",
    "forward": "m9.5 6 6 6-6 6",
    "info": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5M12 7.8v.2",
    "jobs": "M4 6h16M4 12h16M4 18h16",
    "limits": "M4 17a8 8 0 1 1 16 0M12 17l4-5.5M3 20.5h18",
    "live": "M4 12h3.5l2.5-7 4 14 2.5-7H20",
    "metrics": "M5 20V11M12 20V4M19 20v-6",
    "moon": "M19.5 14.3A8 8 0 0 1 9.7 4.5a8 8 0 1 0 9.8 9.8z",
    "overview": "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
    "person": (
        "M12 4.7a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z"
        "M4.5 20c.9-3.8 3.8-5.5 7.5-5.5s6.6 1.7 7.5 5.5"
    ),
    "pause": "M8.5 5v14M15.5 5v14",
    "periodic": "M5 6.5h14V20H5zM5 10.5h14M8.5 4v4M15.5 4v4",
    "play": "M7.5 5v14l11-7z",
    "plus": "M12 5v14M5 12h14",
    "queues": "M12 3.5 3.5 8 12 12.5 20.5 8zM3.5 12 12 16.5 20.5 12M3.5 16 12 20.5 20.5 16",
    "quiet": "M6 10a6 6 0 0 1 12 0c0 5 2 6.5 2 6.5H4S6 15 6 10M10 20a2.2 2.2 0 0 0 4 0M4 4l16 16",
    "retry": "M20 5v5h-5M19.5 10a8 8 0 1 0 .3 4.5",
    "search": "M11 4.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM20 20l-4.3-4.3",
    "stop": "M6 6h12v12H6z",
    "sun": (
        "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2"
        "M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
    ),
    "theme": "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17z",
    "workers": "M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5v.1M7.5 16.5v.1",
    "workflows": "M3.5 9.5h5v5h-5zM15.5 3.5h5v5h-5zM15.5 15.5h5v5h-5zM8.5 12h3.5M15.5 6H12v12h3.5",
}
"""Each icon is one path, stroked in the colour of the text."""
