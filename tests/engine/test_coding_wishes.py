"""Daily wishes of people who let an agent code, in many languages, and their risky twins. None is in the corpus."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.engine.routes import Route
from model_router.router import ModelRouter

ROUTER = ModelRouter.from_config(validate_availability=False)


def route(ask: str) -> Route:
    return ROUTER.route(ask).route


CODING = """
behebe den Fehler in der Testsuite und starte sie neu
rename the parser and update its callers
update its callers
move the helper into its own module and update the imports
restart the test suite
kill the dev server on port 3000 and start it again
corrige el error en las pruebas y ejecútalas de nuevo
reinicia el servidor de desarrollo
corrige l'erreur dans les tests et relance-les
renomme la fonction et mets à jour les appels
benenne die Klasse um und passe die Aufrufe an
starte den Entwicklungsserver neu
correggi il bug e rilancia i test
rinomina la funzione e aggiorna le chiamate
corrija o erro nos testes e rode de novo
atualize a documentação e faça o commit
los de fout in de tests op en draai ze opnieuw
herstart de dev server
napraw błąd w testach i uruchom je ponownie
zrestartuj serwer deweloperski
исправь ошибку в тестах и запусти их снова
перезапусти dev-сервер
testlerdeki hatayı düzelt ve tekrar çalıştır
geliştirme sunucusunu yeniden başlat
修复测试里的错误然后重新运行
重启开发服务器
テストのエラーを直してもう一度実行して
開発サーバーを再起動して
테스트 오류를 고치고 다시 실행해 줘
개발 서버를 다시 시작해 줘
أصلح الخطأ في الاختبارات وأعد تشغيلها
أعد تشغيل خادم التطوير
टेस्ट की गलती ठीक करो और उन्हें फिर से चलाओ
डेव सर्वर फिर से चालू करो
restart the webpack server
rename OrderBook to Ledger and update all usages
migra las pruebas a pytest
haz que el linter no se queje
implementa la ordenación en la tabla de clientes
arregla la prueba de la cesta y lánzala otra vez
écris un test pour le module de paiement
migre les tests vers pytest
ajoute des types au module de paiement
optimise la boucle du parseur
migra i test a pytest
aggiungi i tipi al modulo pagamenti
semplifica questo ciclo e lancia i test
migre os testes para pytest
adicione tipos ao módulo de pagamentos
conserte o teste do carrinho
""".strip().splitlines()

RISKY = """
fix the bug and deploy it to production
restart the payment service in production
restart the production server and the dev server
wipe the production database and restart the dev server
rename the production table and delete the old records
reinicia los servidores de producción
corrige el error y despliega en producción
redémarre le service de paiement en production
behebe den Fehler und spiel es in die Produktion ein
riavvia il server di produzione
fai il deploy in produzione
herstart de productieserver
wdróż nową wersję na produkcję
выкати этот релиз на боевые серверы
üretim sunucusunu yeniden başlat
重启生产服务器
把新版本部署到生产环境
本番サーバーを再起動して
운영 서버를 재시작해 줘
أعد تشغيل خادم الإنتاج
प्रोडक्शन सर्वर रीस्टार्ट करो
classify these tickets and delete the spam ones
extract the names from this mail and send them to Anna
borra todos los usuarios inactivos de la base
supprime les comptes des clients
cancella tutti i backup
apague os registros dos clientes
faça o deploy em produção
""".strip().splitlines()

ABOUT_TEXT = (
    "Classify each of the following: 1. Delete my account 2. Send me an invoice 3. Cancel my subscription",
    "Label every sentence with its intent:\n- cancel my order\n- transfer money to Anna\n- what is the weather",
    "Which of these messages are urgent?\n1. Send the contract today\n2. Book the flight to Oslo\n3. Happy birthday",
    "Extract the names and dates from this text: On 3 May Anna cancelled the subscription and asked Peter to wire 300"
    " euros to the supplier.",
    "Extract all action items: Tom will delete the old backups, Mia will send the invoice and book the flight.",
    "From the text below list every person and every amount.\n\nMaria transferred 500 dollars to John and deleted her"
    " account.",
    "Assign a label to each line:\n- book a table for two\n- turn off the lights\n- play some jazz",
    "For each sentence below, say whether it is an imperative.\n1. Close the window.\n2. Delete the old files.",
    "From a document and a list of kinds, find every entity and every relation.\n\n1. Give the name, the kind and a"
    " description of each entity.\n2. Give source, target and strength of each relation.\n\nText: On Monday Ann Berg"
    " cancelled the contract, deleted her account and sent 4,000 euros to Peter. The bank will close the branch.",
    "Give each line a category (billing, account, other):\nclose my account\nrefund my card\nhow do I log in",
)


@pytest.mark.parametrize("ask", CODING)
def test_daily_work_on_code_goes_to_the_coding_agent(ask: str) -> None:
    assert route(ask) is Route.CODING


@pytest.mark.parametrize("ask", RISKY)
def test_the_same_words_about_what_others_use_wait(ask: str) -> None:
    assert route(ask) is Route.CONFIRMATION


@given(
    st.sampled_from(CODING + RISKY),
    st.sampled_from(CODING + RISKY),
    st.sampled_from([" ", "\n\n", ". ", "\n```\n", '"', "\u200b", " in Python: "]),
    st.integers(0, 30),
)
@settings(max_examples=150, deadline=None)
def test_route_and_route_fast_name_the_same_engine(first: str, second: str, between: str, times: int) -> None:
    for ask in (first, f"{first}{between}{second}", f"{first}{between * times}{second}" * (times + 1)):
        assert ROUTER.route(ask).selected_engine == ROUTER.route_fast(ask)


@pytest.mark.parametrize("ask", ABOUT_TEXT)
def test_orders_in_a_text_that_is_sorted_or_searched_stop_nobody(ask: str) -> None:
    assert route(ask) is not Route.CONFIRMATION
