"""The English that `concepts` knows: irregular forms, negations, families of words.

Nothing here belongs to one question. What a question wants to hear stands in its bank.
"""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Forms that no rule for endings brings together. The first word of a line stands for all.
IRREGULAR: dict[str, str] = {
    form: line.split()[0]
    for line in """
    break broke broken breaks breaking
    lose lost loss losses losing loses
    shrink shrank shrunk shrinkage
    take took taken taking takes
    keep kept
    fall fell fallen
    go goes gone went going
    grow grew grown growth
    win won winning
    get got gotten getting
    become became
    hold held
    write wrote written writing
    come came
    run ran running
    throw threw thrown
    choose chose chosen choice
    know knew known
    see saw seen
    use used using uses
    die dies died dying
    tie tied ties
    speed sped speeds speeding
    reduce reduction reductions reduced reduces reducing
    multiply multiplication multiplications multiplied multiplies multiplying
    few fewer fewest
    little littler
    less les
    worse wors
    rely relies relied reliance
    slow slower slowed slows
    zero zeroes zeros zeroed zeroing 0
    different differently difference differences differ differs differed differing difrent difrence
    structured structural structurally
    faster fastest
    precise precisely
    accurate accurately accuracy acurracy acuraccy
    hardware hardwear
    software softwear
    everything evrything
    column collum collums colum
    comparable comparably
    bias biases
    noise noize
    """.strip().splitlines()
    for form in line.split()
}
NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1
    )
} | {"sixteen": "16", "percent": "%", "percentage": "%", "procent": "%"}
NUMBERS |= dict.fromkeys(("nought", "noughts", "naught", "nil", "null", "nul"), "zero")

# Negations that reach forward to the end of their clause.
NEGATIONS = _set(
    "not never cannot nothing none nobody neither nor hardly barely scarcely fail fails failed "
    "avoid avoids avoiding avoided prevent prevents preventing prevented"
)
# How “isn't” and its like are written without their apostrophe: as “not”.
CONTRACTED = _set(
    "isnt arent wasnt werent dont doesnt didnt wont wouldnt cant couldnt shouldnt havent hasnt "
    "dosnt dosent doesent isent wasent arnt havnt hasent canot coudnt woudnt shoudnt"
)
# Negations of the next thing only: “without fine-tuning the accuracy drops” denies no drop.
NEAR_NEGATIONS = _set("no without lack lacks lacking")
NEAR_PAIRS = {("instead", "of"), ("rather", "than")}
# “It is wrong that …”: what follows is denied.
DENIALS = _set("wrong false untrue myth incorrect nonsense")
# After a negation, these take it back: “not only”, “no doubt”, “don't forget”.
NO_NEGATION_BEFORE = _set(
    "only just merely simply doubt matter wonder surprise idea forget mention"
)
# Between a near negation and its thing: “without any noticeable loss”.
SKIPPED = _set(
    "a an the any all its their his her this that these those my your much too very really real "
    "big major significant significantly noticeable great considerable visible measurable more "
    "such of single further kind sort in on gain benefit saving savings improvement effect "
    "change difference "
)
# Where a negation ends.
CLAUSE = _set(
    "nor but however although though because so since if when whenever unless until while whereas "
    "yet where which who therefore thus hence then only just except"
)
# Where even a phrase can't go on: what stands before and after is set against each other.
CONTRAST = _set("but however although though whereas yet")
# “gzip does not help”: what stands before is denied.
USELESS = _set(
    "help work matter improve needed necessary enough true possible useful apply happen exist "
    "right correct better "
)
# Words that say how two things belong together, and that something is more or less.
LINKS = _set(
    "of per for with by to in on from than versus vs against into through at as = a an the no "
    "without"
)
# And those that set one against another: “speed and cost against quality”.
OPPOSING = _set("versus vs against without")
COMPARING = _set(
    "less fewer more lower higher smaller bigger faster slower cheaper longer shorter worse better "
    "just only pure too"
)

# Words that are in every text: if nothing else shows a concept, it is not shown.
VAGUE = _set(
    "a an the and or of on in to for by at as from with it its he she they them that this these "
    "those one ones some any which what where who i me my you your we our is are was were be been "
    "am has have had do does did can could may might must will would shall should get gets got "
    "getting go goes went gone going come comes came take takes took taken run runs ran make makes "
    "made put puts give gives gave say says said see sees saw look looks looked know knows knew "
    "need needs needed want wants wanted use uses used so then than also too just only very up off "
    "there here now again time times way thing things much many more most well even still all "
    "every each always often exactly no not % percent work works keep keeps kept let lets set sets "
    "real really right good"
)
# Words with which something is said. A text of phrases without them is a list of keywords.
SAYING = _set(
    "stayed remained zeroes eliminates trims squeezes lowers adds discards kicks speeds suffer "
    "increases increase decreases halves trades grows grow drops worsens loads answers responds "
    "improve i you we they he she it this these that which who because since if when while so "
    "but although though however unless until whether is are was were be been being am isn has "
    "have had do does did can could may might must will would shall should not cannot never "
    "dont doesnt cant wont then therefore means mean get gets got become becomes became make "
    "makes made need needs take takes took stores removes use uses let lets keeps kept give "
    "gives gave help helps helped saves throw throws run runs ran allow allows deletes loses go "
    "goes went come comes stay stays remain remains changes turn turns convert converts put "
    "puts represent represents reduces shrinks cuts falls skips find finds know knows see sees "
    "look looks think guess believe happen happens happened hold holds write writes wrote fits "
    "rounds costs hurts improves quantizes quantises depends compares try choose treats treat "
    "multiplies computes compute say says tell tells show shows suffers works work pay pays "
    "break breaks decide weigh start began begin leave leaves trains scales requires require "
    "repeat ask call produce produces watches watch causes yields provides lets enables records "
    "repairs heals fixes restores recovers notes estimates determines chooses picks decides covers "
    "contains includes carries tends moves sends reads eats wins beats matters ends begins starts "
    "stops turned became grew fell "
    "rose dropped occupies weighs sits lies gains earns learns forgets misses "
)
# These say something when somebody is told to: “compress the file”.
DOING = _set(
    "remove delete store save keep measure check compare compress retrain train reduce shrink "
    "skip multiply lose gain prunes prune quantize quantise round "
)
# “Weak ones cut”: that something has been done to something, where it does not end in -ed.
DONE = _set("cut gone lost kept thrown left taken out off away up down")

# What people say who are very sure of a mistake: more must show what such an answer names.
SURE: tuple[str, ...] = tuple(
    """
    are always
    should always
    always better
    always faster
    always slower
    always pays
    always use
    always take
    automatically
    more accurate
    no need
    cost nothing
    no cost
    no risk
    nothing wrong
    nothing is wrong
    nothing can
    is right
    can never
    any hardware
    any machine
    every machine
    every device
    in any case
    impossible
    proven
    the safe side
    learning rate
    """.strip().splitlines()
)
# Words that say that an answer is about something else, where neither question nor hint has them.
FOREIGN = _set(
    "overfit overflow undo mathematically pytorch cache virus upload "
    "ssd nan dropout encrypt licence float64 header restart reinstall softmax converge "
    "convergence hyperparameter backprop"
)

_REMOVE = (
    "kick|toss|dump|weed|shed|exclude|get-rid|sort-out|clear|clip|remove|delete|drop|cut|discard|"
    "eliminate|throw|take-away|take-out|strip|omit|erase|kill|leave-out|trim|rid|away|zero|chop|"
    "disappear|gone|vanish|snip|knock-out|lop|ditch|scrap|bin|cross-out|wipe-out|chuck|excise|"
    "strike|amputate|rip|axe|evict|purge|expel|banish|pluck|dispose|cull|winnow|subtract|"
    "strike-out|rip-out|saw"
)
_LESS = (
    "slim|slimmer|third|tenth|slash|fraction|economical|less|few|lower|smaller|reduce|decrease|"
    "shrink|cut|save|lighter|halve|half|quarter|minimize|drop|fall|down|tiny|compact|little|low|"
    "small|shorter|squeeze|slim-down|lean|leaner|lessen|dwindle|diminish|modest|skinny|thin|"
    "thinner|slender|plunge|slighter|lightweight"
)
_WORSE = (
    "kill|spoil|diminish|compromise|weaken|weaker|down|lose|drop|fall|decrease|reduce|worse|"
    "worsen|lower|less|hurt|harm|suffer|degrade|decline|cost|damage|deteriorate|dip|sacrifice|"
    "penalty|hit|price|destroy|ruin|wreck|break|collapse|trade|impact|affect|reduction|sink|crash|"
    "bad|badly|poor|poorer|away|tank|plummet|shave|give-up|slip|dent|fail|rubbish|useless|wrong|"
    "decay|erode|stumble|slide|regress|shaky|sloppy|minus|toll|blunder|dumber|fewer"
)
# What an author may write as ~name: any of these words.
FAMILIES: dict[str, str] = {
    "remove": _REMOVE,
    "less": _LESS,
    "worse": _WORSE,
    "same": (
        "same|keep|stay|remain|unchanged|preserve|intact|untouched|retain|constant|identical|"
        "alone|equal|as-before|match|equivalent|survive|agree|no-different|indistinguishable"
    ),
    "weights": "weight|parameter|connection|number|value|entry|coefficient|param",
    "parts": (
        "weight|parameter|connection|neuron|unit|channel|filter|row|column|node|part|param|piece|"
        "element|link|head|kernel|stuff|value|component|synapse|wire|map|item|member"
    ),
    "units": (
        "neuron|unit|channel|filter|row|column|node|block|head|structure|map|group|slice|kernel"
    ),
    "memory": (
        "memory|ram|storage|space|disk|size|byte|mb|gb|kb|footprint|file|flash|megabyte|gigabyte|"
        "room|checkpoint|download|vram|mib|gib|kib|kilobyte|meg|apk|bundle"
    ),
    "faster": (
        "snappy|snappier|swift|responsive|speedy|rapid|real-time|faster|fast|quicker|quick|"
        "quickly|speed|speedup|latency|throughput|accelerate|inference-time|runtime|response-time|"
        "acceleration|fps|frame-rate|frames-per-second|nimble|brisk|zippy|sooner|swiftly|speedily|"
        "rapidly|tokens-per-second|turnaround|fluid|fluent"
    ),
    "energy": (
        "energy|power|battery|watt|electricity|heat|juice|charge|mah|joule|milliwatt|accu|akku|"
        "recharge"
    ),
    "accuracy": (
        "accuracy|quality|performance|prediction|result|answer|metric|score|output|recognition|"
        "map|sensitivity|f1|detection|hit-rate|correctness|reliability|acc|exactness|verdict"
    ),
    "measure": (
        "measure|test|benchmark|evaluate|compare|comparison|check|verify|validate|profile|monitor|"
        "experiment|assess|quantify|track|try|trial|recheck|retest|remeasure|examine|inspect|"
        "clock|probe|stopwatch|rerun|reevaluate|measurement|evaluation|judge"
    ),
    "retrain": (
        "fine-tune|finetune|retrain|re-train|train-again|train-more|training-again|train-further|"
        "further-training|more-training|extra-training|continue-training|train-longer|"
        "post-training-pass|additional-training|finetuning|few-epochs|more-epochs|some-epochs|"
        "extra-epochs|an-epoch|1-epoch|train-on|training-on|train-afterwards|train-a-bit|"
        "train-after|trained-on|training-afterwards|couple-of-epochs|2-epochs|3-epochs|5-epochs|"
        "few-rounds|relearn|recovery-training|train-some-more|keep-training|resume-training|"
        "some-training|bit-of-training|2-epoch|3-epoch|few-epoch|short-training"
    ),
    "hardware": (
        "hardware|kernel|chip|processor|cpu|gpu|npu|device|runtime|library|accelerator|backend|"
        "support|engine|instruction|implementation|board|circuit|silicon|core|dsp|simd|tpu|"
        "microcontroller|routine|software|framework|delegate|machine"
    ),
    "other": (
        "any-other|every-other|others|all-other|other-number|other-weight|other-value|normal|"
        "ordinary|usual|everyone-else|everything-else|the-rest|regular|any-number|any-weight|"
        "any-value|every-number|every-value|all-numbers|anything-else|the-other|other-1|non-zero|"
        "nonzero|everybody-else|remaining|whatever-else|its-neighbours|neighbour|the-remaining|"
        "another|full-1"
    ),
    "zero": ("zero|nothing|none|empty|blank|gap|hole|nought|nil|null|vanish"),
    "big": (
        "big|bigger|biggest|large|larger|largest|huge|wide|wider|widest|long|longer|longest|broad|"
        "broader|high|higher|great|giant|enormous|massive|extreme|generous|stretch|widen|extend|"
        "enlarge|lengthen|increase|broaden|grow|expand|tall|blow-up|inflate|fat|fatter|loud|"
        "louder|heavy|vast|oversize|ample|loose|too-far|far"
    ),
    "small": (
        "small|smaller|smallest|tiny|little|narrow|narrower|tight|tighter|short|shorter|low|lower|"
        "mini|minor|modest|shrink|shorten|reduce|tighten|squeeze|slim|faint|cramped|minuscule|"
        "slight|quiet|thin|scanty"
    ),
    "range": (
        "range|interval|scale|span|window|limit|bound|min|max|minimum|maximum|ruler|extent|border|"
        "ceiling|tape|scope|yardstick|envelope|boundary|edge|band|reach|domain|gauge|end|spread|"
        "top"
    ),
    "coarse": (
        "coarse|coarser|rough|rougher|roughly|crude|cruder|blunt|far-apart|further-apart|blur|"
        "blurry|imprecise|inaccurate|fuzzy|chunky|granular|wide-apart|wider-apart|less-fine|"
        "blocky|sloppy|sloppier|staircase|fat|fatter|thick|thicker|lumpy|pixelated|vague|"
        "low-resolution|less-detail|less-precise|less-exact|stair"
    ),
    "clip": (
        "clip|chop|saturate|saturation|clamp|truncate|truncation|flatten|squash|overflow|cap|cut|"
        "lop|crop|stick-out|spill|outside|stuck|lose|fall-off|fall-out|shave|behead|burst|"
        "overshoot|off-the-end|beyond|exceed|max-out|top-out|rail|distort|pin|trim|hit-the-end|"
        "cut-off|cut-short|guillotine"
    ),
    "image": (
        "image|picture|photo|photograph|example|sample|data|input|frame|case|recording|snapshot|"
        "shot|dataset|set|pic|item|scan|video|sentence|sequence|footage|material|clip|recordings"
    ),
    "real": (
        "real|actual|true|genuine|realistic|typical|representative|ordinary|normal|everyday|"
        "production|field|later|live|user|camera|usual|authentic|training|train|deployment|"
        "practice|reality|customer|real-world|wild|day-to-day|daily|similar|target|realistically"
    ),
    "luck": (
        "luck|lucky|luckiest|chance|coincidence|accident|fluke|random|randomly|lottery|lotto|dice|"
        "fortune|fortunate|gamble|roulette|jackpot|coin|accidental|raffle|tombola|bingo|noise|"
        "noisy|happenstance"
    ),
    "decide": (
        "set|determine|decide|dictate|govern|drive|fix|define|control|rule|stretch|push|force|"
        "choose|dominate|pull|steer|impose|depend|size|hijack|take-over|monopolize|inflate|"
        "swallow|hog|command|specify|spoil|shape"
    ),
    "always": (
        "always|automatically|in-every-case|in-any-case|in-all-cases|on-any|on-every|on-all|any|every|"
        "whatever|regardless|no-matter|guarantee|guaranteed|by-itself|everywhere|"
        "without-exception|certainly|definitely|for-free"
    ),
    "things": (
        "extra|actor|player|singer|musician|violin|trumpet|passenger|employee|"
        "worker|staff|colleague|helper|waiter|people|person|guest|book|page|"
        "chapter|sentence|paragraph|furniture|sofa|armchair|chair|table|piano|"
        "clothes|shirt|jumper|sweater|sock|shoe|boot|toy|tool|pan|dish|ingredient|"
        "spice|branch|twig|leaf|plant|weed|flower|shrub|stone|brick|shop|station|"
        "road|street|house|tree|wagon|boat|photo|song|scene|screw|bolt|decoration|"
        "ornament|ballast|luggage|suitcase|souvenir|tent|coat|umbrella|bottle|jar|"
        "tin|box|crate|bag|plate|cup|spoon|gadget|cable|pipe|shelf|drawer|desk|"
        "office|stall|seat|bench|row|street-lamp|student|pupil|soldier|footballer|"
        "dancer|cook|clerk|seller|driver|word|line|joke|plot|character|adjective|"
        "footnote|bone|muscle|fat|feather|egg|apple|carrot|potato|"
        "onion|clutter|junk|rubbish|odds-and-ends"
    ),
    "container": (
        "van|car|boot|trunk|suitcase|backpack|rucksack|bag|pocket|box|shelf|"
        "drawer|cupboard|wardrobe|envelope|crate|carry-on|hand-luggage|trailer|lorry|"
        "truck|flat|apartment|garage|cellar|attic|cabin|basket|shoebox|wallet|"
        "purse|locker|briefcase|camper|caravan|postcard|leaflet|booklet|page|"
        "freezer|fridge|handbag|pouch|tin"
    ),
    "digits": (
        "digit|decimal|cent|penny|gram|millimetre|milligram|nuance|shade|"
        "tone|colour|hue|pixel|decimal-place|word-length|bit-width|bitwidth|bit-"
        "depth|wordlength|word-width|resolution|precision|bit|numeral|millimeter|"
        "centimetre|centimeter|brushstroke|fineness|granularity"
    ),
}
