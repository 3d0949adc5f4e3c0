"""Every language that there is a table for."""

from __future__ import annotations

from model_router.engine.orders.east_asian import CHINESE, INDONESIAN, JAPANESE, KOREAN, THAI, VIETNAMESE
from model_router.engine.orders.english import ENGLISH
from model_router.engine.orders.germanic import DUTCH, GERMAN, SWEDISH
from model_router.engine.orders.other import ARABIC, GREEK, HEBREW, HINDI, PERSIAN, TURKISH
from model_router.engine.orders.romance import FRENCH, ITALIAN, PORTUGUESE, SPANISH
from model_router.engine.orders.slavic import CZECH, POLISH, RUSSIAN, UKRAINIAN
from model_router.engine.orders.tongue import Tongue

TONGUES: tuple[Tongue, ...] = (
    ENGLISH,
    SPANISH,
    FRENCH,
    GERMAN,
    ITALIAN,
    PORTUGUESE,
    DUTCH,
    POLISH,
    RUSSIAN,
    UKRAINIAN,
    TURKISH,
    CHINESE,
    JAPANESE,
    KOREAN,
    ARABIC,
    HINDI,
    INDONESIAN,
    VIETNAMESE,
    SWEDISH,
    CZECH,
    PERSIAN,
    HEBREW,
    THAI,
    GREEK,
)
