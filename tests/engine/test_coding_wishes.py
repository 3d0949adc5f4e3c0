"""Daily wishes of people who let an agent code, in many languages, and their risky twins. None of
those that are routed is in the corpus."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.engine.routes import Route
from model_router.engine.safety import Safety
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
add validation to the sign-up form
drop the second parameter of this function
merge these two functions into one
clear the interval when the component unmounts
añade validación al formulario de registro
borra el código muerto de utils.py
para el contenedor local de docker
mueve la función a su propio archivo y actualiza los imports
rinomina la classe e aggiorna le chiamate
togli il secondo parametro di questa funzione
riavvia il server di sviluppo
emetti un evento quando l'utente clicca su salva
tue ce qui tourne sur le port 3000
retire les imports inutilisés
réinitialise le formulaire après un envoi réussi
change le libellé du bouton d'envoi
adiciona validação ao formulário de cadastro
apaga o código morto em utils.py
para o contêiner local do docker
emite um evento quando o usuário clica em salvar
benenne die Klasse um und passe die Aufrufe an
entferne den zweiten Parameter dieser Funktion
starte den Entwicklungsserver neu
löse ein Event aus, wenn der Nutzer auf Speichern klickt
kill wat er op poort 3000 draait
verwijder de ongebruikte imports
reset het formulier na het verzenden
voeg deze twee functies samen tot één
dodaj walidację do formularza rejestracji
usuń drugi parametr tej funkcji
zrestartuj serwer deweloperski
przenieś funkcję do osobnego pliku i popraw importy
переименуй класс и обнови вызовы
убери второй параметр этой функции
перезапусти сервер разработки
перенеси функцию в отдельный файл и обнови импорты
8080 portundaki süreci öldür
sınıfın adını değiştir ve çağrıları güncelle
bu fonksiyonun ikinci parametresini kaldır
geliştirme sunucusunu yeniden başlat
drop the unused dependency from package.json and run the build
hide the delete button for users without rights
añade un campo de fecha de nacimiento al formulario de alta
extrae este bloque a una función y llámala desde los dos sitios
chiudi il processo node sulla porta 4321
aggiungi un campo data di nascita al modulo di iscrizione
ferme le processus node sur le port 4321
ajoute un champ date de naissance au formulaire d'inscription
fecha o processo node na porta 4321
adiciona um campo de data de nascimento ao formulário de inscrição
schließ den Node-Prozess auf Port 4321
ergänze im Anmeldeformular ein Feld für das Geburtsdatum
sluit het node-proces op poort 4321
voeg een veld voor de geboortedatum toe aan het inschrijfformulier
zamknij proces node na porcie 4321
dodaj pole daty urodzenia do formularza zapisu
закрой процесс node на порту 4321
добавь поле даты рождения в форму заявки
4321 portundaki node sürecini kapat
başvuru formuna doğum tarihi alanı ekle
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
kill the process on port 8080 on the production server
remove all the files in the uploads folder
stop the production container
move 500 dollars to my savings account
mata todos los procesos del servidor
borra la cuenta del cliente Pérez
para el contenedor de producción
cambia la contraseña del administrador
invia il modulo di registrazione al posto mio
elimina l'account del cliente Rossi
riavvia il server di produzione
trasferisci 500 euro sul mio conto risparmio
tue le processus du port 8080 sur le serveur de production
annule mon cours et appelle la salle
supprime la table des utilisateurs
redémarre le serveur de production
encerra todos os processos do servidor
apaga a conta do cliente Silva
para o contêiner de produção
transfere 500 reais para a minha poupança
sag meinen Kurs ab und ruf das Studio an
lösche die Tabelle der Benutzer
merge diesen PR in main
schicke die Mail zum Release an alle Kunden
stop het proces op poort 8080 op de productieserver
verwijder alle bestanden in de uploadmap
reset de productiedatabase
merge deze PR naar main
zabij wszystkie procesy na serwerze
usuń wszystkie pliki z folderu uploads
zresetuj produkcyjną bazę danych
zmerguj ten PR do main
подай за меня форму регистрации
удали аккаунт клиента Иванова
останови контейнер в проде
переведи 500 рублей на мой сберегательный счёт
üretim sunucusunda 8080 portundaki süreci öldür
dersimi iptal et ve salonu ara
kullanıcılar tablosunu sil
üretim sunucusunu yeniden başlat
stop the mail server on port 25
apaga el servidor de correo
spegni il server di posta
éteins le serveur de mail
desliga o servidor de e-mail
fahr den Mailserver herunter
zet de mailserver uit
wyłącz serwer poczty
выключи почтовый сервер
posta sunucusunu kapat
kill the process on port 8080 of the production server
kill whatever listens on port 5432
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


@pytest.mark.parametrize(
    ("ask", "waits"),
    [
        ("kill the process on port 8080", False),
        ("stop the process on port 8080 and kill the service on the cluster", True),
        ("kill the process on port 8080 on the mail server", True),
        ("mata el proceso del puerto 8080", False),
        ("mata el proceso del puerto 8080 en el servidor de correo", True),
        ("tue le processus sur le port 8080", False),
        ("beende den Prozess auf Port 8080", False),
        ("zabij proces na porcie 8080", False),
        ("убей процесс на порту 8080", False),
        ("убей процесс на порту 8080 на сервере", True),
        ("8080 portundaki işlemi durdur", False),
        ("remove the console.log calls", False),
        ("reset het formulier na het verzenden", False),
        ("het formulier verzenden", True),
        ("usuń Annę z bazy", True),
    ],
)
def test_a_plain_order_is_told_from_a_developers_own_work(ask: str, waits: bool) -> None:
    assert (Safety().plain_order(ask) is not None) is waits
