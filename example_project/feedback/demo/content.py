"""Posts and comments of the demo data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reply:
    """A comment: its author, its age in days, its text."""

    by: str
    days: float
    text: str


@dataclass(frozen=True, slots=True)
class DemoPost:
    """A post with its status and comments. `by` is a first name."""

    title: str
    text: str
    board: str
    by: str
    days: float
    votes: int
    status: str = ""
    note: str = ""
    comments: tuple[Reply, ...] = field(default=())


BOARDS = (
    ("Recipes", "recipes", "Writing, importing and finding recipes."),
    ("Shopping list", "shopping-list", "From the recipe to the shop and back."),
    ("In the kitchen", "kitchen", "While your hands are full of flour."),
    ("Something is broken", "broken", "What should work and does not."),
)

STATUSES = (
    ("Planned", "planned", "blue", True),
    ("In progress", "in-progress", "amber", True),
    ("Completed", "completed", "green", True),
    ("Declined", "declined", "red", False),
)

POSTS = (
    DemoPost(
        "Scale a recipe to the number of people at the table",
        "My recipes are for four. Tonight we are seven. I would like to press plus three times "
        "and have all amounts follow, with sensible rounding: nobody measures 1.75 eggs.",
        "recipes",
        "Ines",
        38,
        13,
        "in-progress",
        "Eggs turned out to be the hard part. Amounts are done, rounding is being tested.",
        (
            Reply("Kenji", 30, "Please also warn when the tin gets too small."),
            Reply("Hanna", 12, "Halves of eggs are fine. Thirds are not."),
        ),
    ),
    DemoPost(
        "Keep the screen on while I cook",
        "The screen goes dark in the middle of a step and I have to wake it with my elbow.",
        "kitchen",
        "Tom",
        61,
        12,
        "completed",
        "In version 3.2: there is a small sun at the top of the cooking view.",
        (Reply("Noor", 20, "My elbow says thank you."),),
    ),
    DemoPost(
        "Sort the shopping list by aisle",
        "I walk back and forth between vegetables and dairy. If each shop could keep an order of "
        "its own, the list would be a route.",
        "shopping-list",
        "Priya",
        24,
        11,
        "planned",
        "We start with one order for all shops. One order for each shop comes after it.",
        (
            Reply("Sam", 17, "Let me drag the groups once and remember it."),
            Reply("Claire", 15, "The order changes each time they renovate my shop."),
        ),
    ),
    DemoPost(
        "Import a recipe from a web address",
        "Paste the address, get the ingredients and steps, without the story about the autumn of "
        "1987 above them.",
        "recipes",
        "Jonas",
        19,
        10,
        "planned",
        comments=(Reply("Lucía", 14, "Most sites carry the recipe as structured data by now."),),
    ),
    DemoPost(
        "Timers that I can name",
        "Three timers are running and all of them are called Timer. Which one is the rice?",
        "kitchen",
        "Oluwaseun",
        9,
        9,
        comments=(Reply("Elsa", 6, "Start them from the step, then the step is the name."),),
    ),
    DemoPost(
        "Share one shopping list with the whole household",
        "We both bought milk. Twice this week.",
        "shopping-list",
        "Hanna",
        6,
        9,
        comments=(
            Reply("Tom", 4, "We have four litres. Happy to share those as well."),
            Reply("Ines", 2, "It should work in the cellar of the shop too, without a network."),
        ),
    ),
    DemoPost(
        "Grams beside cups",
        "I have a scale, my mother has cups, the recipe has both of us confused.",
        "recipes",
        "Claire",
        45,
        8,
        "completed",
        "Press an amount to switch. Flour knows its density.",
    ),
    DemoPost(
        "Search by what is left in the fridge",
        "Half a cabbage, two eggs, mustard. Something must be possible.",
        "recipes",
        "Kenji",
        4,
        7,
    ),
    DemoPost(
        "Photos turn sideways after upload",
        "Pictures taken with the phone upright lie on their side in the app. In the gallery of "
        "the phone they stand.",
        "broken",
        "Noor",
        11,
        6,
        "in-progress",
        comments=(Reply("Mara", 10, "Thank you, the turn is in the file and we ignored it."),),
    ),
    DemoPost(
        "Read the next step aloud",
        "When my hands are in the dough I cannot scroll. A voice and one word to go on would do.",
        "kitchen",
        "Lucía",
        3,
        6,
    ),
    DemoPost(
        "Print on one page",
        "The last line of every recipe lands alone on page two.",
        "recipes",
        "Elsa",
        16,
        5,
    ),
    DemoPost(
        "The list forgets ticks when the network drops",
        "I tick three things in the basement of the shop, come upstairs, and they are back.",
        "broken",
        "Sam",
        2,
        5,
        comments=(Reply("Priya", 1, "Same here, only when the app was closed in between."),),
    ),
    DemoPost(
        "A calendar for the week's meals",
        "Drag recipes to days, then make the shopping list from the whole week.",
        "shopping-list",
        "Jonas",
        28,
        5,
        "declined",
        "A good idea, and a product of its own. We would rather do the list really well.",
        (Reply("Hanna", 21, "Sad, and well explained."),),
    ),
    DemoPost(
        "Mark a recipe as cooked, with a note for next time",
        "“Less salt” should be there when I open it the next time.",
        "recipes",
        "Oluwaseun",
        1,
        4,
    ),
    DemoPost(
        "Larger type in the cooking view",
        "From two metres away, with steamed-up glasses.",
        "kitchen",
        "Tom",
        0.4,
        3,
    ),
    DemoPost(
        "Search does not find accents",
        "Searching for “creme” does not find “Crème brûlée”.",
        "broken",
        "Claire",
        0.1,
        2,
    ),
)
