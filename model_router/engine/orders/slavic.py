"""Polish, Czech, Russian, Ukrainian."""

from __future__ import annotations

from model_router.engine.orders.tongue import Acts, Things, Tongue

POLISH = Tongue(
    code="pl",
    begin=(
        "czy_możesz możesz czy_mógłbyś mógłbyś czy_może_pan proszę chcę_żebyś musisz trzeba należy hej cześć ok "
        "tak teraz potem i oraz też natychmiast od_razu mi chcę muszę"
    ),
    link="proszę potem następnie a_potem i_potem natychmiast",
    hush=(
        "jak dlaczego czemu co kiedy gdzie kto który która które ile czy_mogę czy_powinienem czy_warto jeśli "
        "wyjaśnij przykład* funkcj* skrypt* kod program zapytanie polecen* napisz_funkcję napisz_opowiadanie "
        "wiersz opowiadanie bajk* przetłumacz streść popraw znaczy różnica nie nigdy bez unikaj powiedział mówi "
        "zdanie tytuł dialog szablon wzór szkic instrukcj* krok*"
    ),
    after="w_pythonie w_sql w_javie w_excelu w_linuksie funkcja regex przykład po_angielsku na_angielski tło",
    first=Acts(
        delete=(
            "usuń usuńcie usunąć skasuj skasować wykasuj wyczyść wyczyścić opróżnij sformatuj zniszcz nadpisz wyrzuć "
            "wymaż zaoraj odinstaluj wykreśl wywal"
        ),
        revoke="odbierz cofnij zablokuj dezaktywuj zmień zresetuj wyłącz usuń otwórz odblokuj unieważnij",
        stop="zatrzymaj wyłącz zrestartuj uruchom_ponownie zamknij ubij",
        cancel="anuluj anulować odwołaj odwołać wypowiedz zrezygnuj skasuj usuń",
        send="wyślij wysłać prześlij przekaż odpisz odpowiedz roześlij napisz_do powiadom zapytaj powiedz",
        call="zadzwoń zadzwonić przedzwoń powiadom napisz_do powiedz zapytaj",
        post="opublikuj wrzuć zamieść udostępnij wstaw",
        pay="zapłać zapłacić opłać przelej przelać wpłać ureguluj wyślij przekaż doładuj",
        buy="kup kupić zamów zamówić dokup sprzedaj sprzedać",
        book="zarezerwuj zarezerwować zabukuj wynajmij zamów wezwij zaklep kup",
        deploy="wdróż wdrożyć opublikuj wypuść zdeployuj wgraj uruchom",
        merge="zmerguj scal połącz wypchnij",
        grant="daj nadaj przyznaj dodaj udziel zaproś udostępnij",
        sign="podpisz zaakceptuj złóż zatwierdź prześlij odrzuć zaakceptować",
        schedule="zaplanuj umów ustaw zorganizuj przełóż przesuń zwołaj odłóż przełożyć przesunąć",
    ),
    things=Things(
        data=(
            "bazę_danych bazy_danych z_bazy baza_danych bazę tabel* plik* folder* katalog* dysk* kopi* backup* repozytori* "
            "gałąź gałęzie rekord* użytkownik* klient* konto konta dane wszystko zdjęcia kontakt* histori* kosz "
            "skrzynk* serwer* klaster wolumen budzik* przypomnieni* listę wiadomości maile profil produkcj* aplikacj* "
            "antywirus*"
        ),
        access=(
            "dostęp* uprawnieni* hasł* konto konta token* klucz* prawa admin* kartę karty pin drzwi garaż bramę "
            "alarm* kamer* firewall* zaporę"
        ),
        machines="serwer* bazę_danych usług* instancj* proces* klaster kontener*",
        events=(
            "spotkani* wizyt* wydarzeni* rozmow* termin* kalendarz* obiad kolację przypomnieni* zebrani* lekcj* "
            "egzamin*"
        ),
        plans=(
            "subskrypcj* abonament* umow* zamówieni* rezerwacj* lot hotel wyjazd netflix spotify siłowni* "
            "ubezpieczeni* członkostwo"
        ),
        messages=(
            "mail* e-mail* email* wiadomoś* sms* faktur* raport* przypomnieni* newsletter zaproszeni* ofert* "
            "dokument* umow* lokalizacj* życzenia zdjęci* list"
        ),
        people=(
            "mam* mamie tat* babci* dziad* szef* zespoł* klient* wszystki* żon* męż* brat* siostr* lekarz* policj* "
            "prawnik* dostawc* pracownik* karetkę teści* sąsiad* koleg* hydraulik*"
        ),
        places="twitter* facebook* linkedin* instagram* slack* blog* stron* kanał* forum tiktok* grup* youtube",
        money=(
            "zł złotych euro dolar* € $ faktur* czynsz* rachun* mandat* pieniądze dostawc* bitcoin* podat* rat* "
            "prąd składk* wośp"
        ),
        goods=(
            "akcj* bilet* pizz* laptop* telefon* książk* buty kwiaty mleko jedzenie bitcoin* licencj* prezent* "
            "kaw* taksówk* ubera słuchawk* sushi toner papier chleb"
        ),
        bookings=(
            "lot* hotel* pokój pokoje stolik bilet* samochód auto pociąg taksówk* ubera apartament* miejsc* domek"
        ),
        production="produkcj* prod app_store npm pypi wersj*",
        branches="main master gałąź pr pull_request* produkcj*",
        papers=(
            "umow* wniosek wnioski zeznani* deklaracj* pit ofert* formularz* skarg* reklamacj* podanie urlop* wydatk* "
            "zaproszeni*"
        ),
    ),
)

CZECH = Tongue(
    code="cs",
    begin=(
        "můžeš můžete mohl_bys mohla_bys mohli_byste chci_abys prosím_tě musíš ahoj hej ok ano teď potom pak a "
        "také hned mi chci potřebuju rád_bych"
    ),
    link="prosím potom pak a_pak následně",
    hush=(
        "jak proč co kdy kde kdo který která které kolik mám_smazat můžu mohu mám když pokud vysvětli příklad* "
        "funkc* skript* kód program dotaz příkaz* napiš_funkci básn* pohádk* příběh přelož shrň oprav znamená "
        "rozdíl ne nikdy bez řekl větu titulek dialog šablon* vzor návrh postup kroky"
    ),
    after="v_pythonu v_sql v_javě v_excelu v_linuxu funkce regex příklad anglicky do_angličtiny pozadí",
    first=Acts(
        delete=(
            "smaž smažte smazat vymaž vymazat odstraň odstraňte odstranit vyčisti vysyp naformátuj zformátuj znič "
            "přepiš vyhoď odinstaluj vyškrtni"
        ),
        revoke="odeber zruš zablokuj deaktivuj změň resetuj vypni otevři odemkni zneplatni",
        stop="zastav vypni restartuj ukonči zabij",
        cancel="zruš zrušit odvolej stornuj vypověz odhlas",
        send="pošli pošlete poslat odešli přepošli odpověz odepiš rozešli napiš",
        call="zavolej zavolat volej dej_vědět napiš řekni",
        post="zveřejni publikuj sdílej nasdílej postni vystav",
        pay="zaplať zaplatit uhraď převeď pošli přispěj daruj",
        buy="kup koupit objednej objednat prodej prodat",
        book="rezervuj zarezervuj rezervovat objednej zamluv pronajmi kup zavolej",
        deploy="nasaď nasadit vydej publikuj deployni spusť",
        merge="slouč zmerguj mergni pushni",
        grant="dej uděl přidej pozvi sdílej",
        sign="podepiš přijmi podej odešli schval odmítni zamítni",
        schedule="naplánuj domluv svolej přesuň zorganizuj",
    ),
    things=Things(
        data=(
            "databáz* tabulk* soubor* složk* adresář* disk* zálohu zálohy repozitář* větev záznam* uživatel* "
            "zákazník* účet účty data všechno vše fotky kontakty historii koš schránk* server* cluster* budík* "
            "připomínk* seznam zprávy maily profil aplikac* antivir*"
        ),
        access=(
            "přístup* oprávnění heslo hesla účet token* klíč* práva admin* kartu pin dveře garáž alarm* kamer* firewall"
        ),
        machines="server* databáz* služb* instanc* proces* cluster*",
        events="schůzk* událost* porad* pohovor* hovor* kalendář* oběd večeři připomínk* termín",
        plans="předplatné smlouv* objednávk* rezervac* let hotel cestu netflix spotify členství pojištění",
        messages=(
            "mail* e-mail* email* zpráv* sms faktur* report* upomínk* připomínk* newsletter pozvánk* nabídk* "
            "dokument* smlouv* poloh* dopis"
        ),
        people=(
            "mamince mámě mamku tátovi babičce dědovi šéf* tým* zákazník* klient* všem manžel* bratr* sestře "
            "doktor* policii právník* dodavatel* zaměstnanc* sanitku instalatér*"
        ),
        places="twitter* facebook* linkedin* instagram* slack* blog* web* kanál* fór* tiktok* skupin*",
        money=(
            "korun kč euro eur dolar* € $ faktur* nájem účet pokut* peníze dodavatel* bitcoin* daň daně složenk* "
            "elektřinu"
        ),
        goods=(
            "akcie lístk* vstupenk* pizz* notebook telefon knih* boty květin* mléko jídlo bitcoin* licenc* dárek "
            "kávu taxi sluchátka sushi toner papír chleba"
        ),
        bookings="let letenk* hotel* pokoj stůl lístk* auto vlak taxi apartmán místo chatu",
        production="produkc* prod ostr* app_store npm pypi verzi",
        branches="main master větev pr pull_request* produkc*",
        papers="smlouv* žádost přiznání nabídk* formulář* stížnost reklamac* výdaj* dovolen* pozvánk*",
    ),
)

RUSSIAN = Tongue(
    code="ru",
    script="cyrillic",
    begin=(
        "можешь можете мог_бы_ты могли_бы_вы не_мог_бы_ты ты_должен нужно надо необходимо хочу_чтобы_ты прошу "
        "привет эй ок окей да сейчас потом затем и также срочно немедленно мне ну давай просто хочу"
    ),
    link="пожалуйста потом затем и_потом после_этого плиз срочно",
    hush=(
        "как почему зачем что_будет что_такое что_значит чем когда где кто какой какая какие каким сколько "
        "можно_ли стоит_ли следует_ли если_я объясни* пример* функци* скрипт* код программу запрос команд* "
        "напиши_функцию стих* рассказ* сказк* переведи перевод перескажи исправь означает разниц* не никогда без "
        "сказал говорит просит фраз* заголовок диалог шаблон черновик инструкци* шаг* представь сочини"
    ),
    after="на_python на_питоне в_sql в_java в_excel в_linux функция regex пример на_английский по-английски фон",
    first=Acts(
        delete=(
            "удали удалите удалить удаляй сотри сотрите стереть очисти очистите очистить снеси снести уничтожь "
            "отформатируй форматни перезапиши вычисти выбрось грохни дропни вычеркни деинсталлируй почисти почистите"
        ),
        revoke=(
            "отзови отзовите забери заблокируй заблокируйте заблокировать отключи отключите деактивируй смени "
            "сбрось измени открой разблокируй лиши отмени"
        ),
        stop=(
            "останови остановите остановить выключи перезапусти перезагрузи перезагрузить убей заверши погаси выруби "
            "приостанови стоп"
        ),
        cancel="отмени отмените отменить аннулируй расторгни откажись отпиши отпишись удали отключи отключите",
        send=(
            "отправь отправьте отправить пошли пошлите вышли перешли перешлите ответь ответьте разошли скинь "
            "напиши_письмо направь спроси передай"
        ),
        call="позвони позвоните позвонить набери напиши сообщи вызови предупреди скажи спроси передай",
        post="опубликуй опубликуйте опубликовать запости выложи размести поделись",
        pay=(
            "оплати оплатите оплатить заплати заплатите переведи переведите перечисли пожертвуй внеси скинь погаси "
            "пополни верни"
        ),
        buy="купи купите купить закажи закажите заказать приобрети оформи докупи продай продайте продать",
        book="забронируй забронируйте забронировать зарезервируй арендуй закажи вызови возьми купи сними",
        deploy="задеплой разверни выкати выпусти опубликуй залей запусти",
        merge="смержи смерджи слей влей запушь запуш",
        grant="дай дайте выдай предоставь добавь назначь пригласи открой",
        sign="подпиши подпишите подписать прими подай подайте одобри согласуй сдай отклони отклоните утверди",
        schedule="назначь назначьте запланируй организуй перенеси создай поставь договорись сдвинь",
    ),
    things=Things(
        data=(
            "баз* таблиц* файл* папк* каталог* директори* диск* бэкап* резервн* репозитори* ветк* запис* пользовател* "
            "клиент* аккаунт* учётн* учетн* данн* всё все фото* контакт* истори* корзин* почт* сервер* кластер* том "
            "будильник* напоминани* список переписк* профил* прод* приложени* антивирус* загрузк*"
        ),
        access=(
            "доступ* прав* парол* аккаунт* учётн* токен* ключ* админ* карт* пин* двер* гараж* ворот* сигнализаци* "
            "камер* фаервол* брандмауэр* привилеги*"
        ),
        machines=(
            "сервер* баз* сервис* служб* инстанс* процесс* кластер* контейнер* виртуал* рекламн* кампани* рассылк* "
            "синхронизаци* насос*"
        ),
        events=(
            "встреч* совещани* событи* собеседовани* звонок созвон* календар* обед ужин напоминани* приём митинг* "
            "запись"
        ),
        plans="подписк* договор* заказ* брон* рейс* отел* поездк* нетфликс* спотифай* абонемент* страхов* членств*",
        messages=(
            "письм* имейл* емейл* email* сообщени* смс* счёт счет счета отчёт* отчет* напоминани* рассылк* "
            "приглашени* документ* договор* геолокаци* местоположени* фото* квитанци* коммерческ*"
        ),
        people=(
            "мам* пап* бабушк* дедушк* начальник* босс* команд* клиент* всем жен* муж* брат* сестр* врач* полици* "
            "адвокат* юрист* поставщик* сотрудник* скор* хозяин* такси сосед* тест* коллег* сантехник*"
        ),
        places=(
            "твиттер* фейсбук* линкедин* инстаграм* слак* блог* сайт* канал* форум* тикток* групп* телеграм* вк "
            "ютуб* чат*"
        ),
        money=(
            "руб* евро доллар* € $ ₽ счёт счет счета аренд* квартир* штраф* деньг* поставщик* биткоин* налог* "
            "зарплат* кредит* коммунал* свет долг* тысяч* фонд* жкх"
        ),
        goods=(
            "акци* билет* пицц* ноутбук* телефон* книг* кроссовк* цвет* молок* ед* биткоин* лицензи* подписк* "
            "подар* кофе такси машин* наушник* суши картридж* бумаг* хлеб* корм*"
        ),
        bookings="рейс* отел* номер* столик* билет* машин* поезд* такси квартир* мест* корт* авто",
        production="прод* продакшн* боев* app_store npm pypi релиз* верси*",
        branches="main master мастер* ветк* pr пр пулл-реквест* мерж-реквест* прод*",
        papers=(
            "договор* контракт* заявлени* заявк* деклараци* предложени* форм* жалоб* иск отпуск* расход* приглашени*"
        ),
    ),
)

UKRAINIAN = Tongue(
    code="uk",
    script="cyrillic",
    begin=(
        "можеш можете чи_можеш чи_не_міг_би_ти ти_маєш потрібно треба хочу_щоб_ти прошу привіт гей ок так зараз "
        "потім і та також терміново негайно мені ну просто хочу"
    ),
    link="будь_ласка потім далі після_цього терміново",
    hush=(
        "як чому навіщо що_буде що_таке коли де хто який яка які скільки чи_можна чи_варто якщо_я поясни приклад* "
        "функці* скрипт* код програму запит команд* напиши_функцію вірш* оповідання казк* переклади переказ* "
        "виправ означає різниц* не ніколи без сказав каже фраз* заголовок діалог шаблон чернетк* інструкці* крок* "
        "уяви"
    ),
    after="на_python на_пайтоні в_sql в_excel функція regex приклад англійською фон",
    first=Acts(
        delete=(
            "видали видаліть видалити зітри стерти очисти очистити знищ відформатуй перезапиши прибери викресли витри "
            "деінсталюй почисти"
        ),
        revoke="забери відклич заблокуй заблокуйте вимкни деактивуй зміни скинь відкрий розблокуй скасуй",
        stop="зупини зупинити вимкни перезапусти перезавантаж вбий заверши",
        cancel="скасуй скасуйте скасувати анулюй відміни розірви відпиши закрий видали",
        send=(
            "надішли надішліть надіслати відправ відправити відішли перешли відповідь розішли скинь напиши_лист "
            "спитай запитай передай"
        ),
        call="подзвони подзвонити зателефонуй набери напиши повідом виклич скажи",
        post="опублікуй опублікувати запости виклади розмісти поділися",
        pay="сплати сплатити оплати заплати переказати перекажи пожертвуй внеси скинь поповни відправ",
        buy="купи купити замов замовити придбай оформи продай продати",
        book="забронюй забронювати зарезервуй орендуй замов виклич візьми купи",
        deploy="задеплой розгорни викоти випусти опублікуй залий запусти",
        merge="змердж злий запуш",
        grant="дай надай додай признач запроси відкрий",
        sign="підпиши підписати прийми подай здай схвали відхили затверди",
        schedule="признач заплануй організуй перенеси створи постав домовся",
    ),
    things=Things(
        data=(
            "баз* таблиц* файл* папк* тек* каталог* диск* бекап* резервн* репозитор* гілк* запис* користувач* клієнт* "
            "акаунт* обліков* дан* все фото* контакт* історі* кошик* пошт* сервер* кластер* будильник* нагадуванн* "
            "список листуванн* профіл* прод* застосун* додаток"
        ),
        access=(
            "доступ* прав* парол* акаунт* токен* ключ* адмін* карт* пін* двер* гараж* ворот* сигналізаці* камер* "
            "фаєрвол*"
        ),
        machines="сервер* баз* сервіс* служб* процес* кластер*",
        events="зустріч* нарад* поді* співбесід* дзвінок* календар* обід вечер* нагадуванн* прийом",
        plans=(
            "підписк* договір договор* замовленн* брон* рейс* готел* поїздк* нетфлікс* спотіфай* абонемент* "
            "страхов* рахунок"
        ),
        messages=(
            "лист листа листи імейл* email* повідомленн* смс* рахунок рахунки звіт* нагадуванн* розсилк* "
            "запрошенн* документ* договір геолокаці* фото* резюме"
        ),
        people=(
            "мам* тат* бабус* дідус* начальник* шеф* команд* клієнт* всім усім дружин* чоловік* брат* сестр* "
            "лікар* поліці* адвокат* юрист* постачальник* працівник* швидк* таксі"
        ),
        places="твітер* фейсбук* лінкедін* інстаграм* слак* блог* сайт* канал* форум* тікток* груп* телеграм* ютуб*",
        money=(
            "грив* грн євро долар* € $ ₴ рахунок рахунки оренд* квартир* штраф* грош* постачальник* біткоїн* "
            "подат* зарплат* кредит* комуналк* світло борг* фонд*"
        ),
        goods=(
            "акці* квит* піц* ноутбук* телефон* книг* взутт* квіт* молок* їж* біткоїн* ліцензі* подарун* кав* "
            "таксі машин* навушник* суші папір хліб*"
        ),
        bookings="рейс* готел* номер* столик* квит* машин* поїзд* потяг* таксі квартир* місц* корт* авто",
        production="прод* продакшн* бойов* app_store npm pypi реліз* версі*",
        branches="main master гілк* pr прод*",
        papers=(
            "договір договор* контракт* заяв* декларац* пропозиці* форм* скарг* резюме витрат* відпустк* запрошенн*"
        ),
    ),
)
